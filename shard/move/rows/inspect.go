package rows

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Inspect reads the shape of the sharded tables among tables, in their order,
// from the database that db is in. tables should be the whole catalogue: it
// says what foreign keys lead to. The account sees only what it has a
// privilege on.
func Inspect(ctx context.Context, db instance.DB, tables []shard.Table) ([]Table, error) {
	var database sql.NullString
	if err := db.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&database); err != nil {
		return nil, fmt.Errorf("inspect tables: %w", err)
	}
	if !database.Valid {
		return nil, errors.New("inspect tables: the connection is in no database")
	}
	in := &inspection{db: db, database: database.String, catalogue: map[string]shard.Table{}, byName: map[string]*Table{}}
	var list []*Table
	for _, t := range tables {
		in.catalogue[t.Name] = t
		if t.Kind == shard.Sharded {
			table := &Table{Name: t.Name, Database: in.database, Member: t.MemberColumn, Missing: true}
			list, in.byName[t.Name] = append(list, table), table
		}
	}
	// One question a kind of thing, for the whole database: information_schema
	// answers it about as fast as for one table.
	for _, part := range []struct {
		what string
		read func(context.Context) error
	}{
		{"tables", in.tables}, {"columns", in.columns}, {"keys", in.keys},
		{"foreign keys", in.foreignKeys}, {"triggers", in.triggers}, {"checks", in.checks}, {"definitions", in.definitions},
	} {
		if err := part.read(ctx); err != nil {
			return nil, fmt.Errorf("read the %s of database %s: %w", part.what, in.database, err)
		}
	}
	out := make([]Table, len(list))
	for i, t := range list {
		if c, ok := t.Column(t.Member); ok {
			t.Member = c.Name
		}
		out[i] = *t
	}
	return out, nil
}

type inspection struct {
	db        instance.DB
	database  string
	catalogue map[string]shard.Table
	byName    map[string]*Table
}

func (in *inspection) tables(ctx context.Context) error {
	err := in.each(ctx, "SELECT TABLE_NAME, ENGINE, CREATE_OPTIONS FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'",
		func(t *Table, r row) {
			t.Missing, t.Engine, t.Partitioned = false, r.text(1), strings.Contains(r.text(2), "partitioned")
		})
	for name, t := range in.byName {
		if t.Missing {
			delete(in.byName, name)
		}
	}
	return err
}

func (in *inspection) columns(ctx context.Context) error {
	return in.each(ctx, "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, IS_NULLABLE, EXTRA, COLUMN_DEFAULT, GENERATION_EXPRESSION"+
		" FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, ORDINAL_POSITION",
		func(t *Table, r row) {
			extra := strings.ToUpper(r.text(7))
			c := Column{Name: r.text(1), Type: r.text(2), DataType: strings.ToLower(r.text(3)), CharacterSet: r.text(4), Collation: r.text(5),
				Nullable: r.text(6) == "YES", Expression: r.text(9),
				Invisible: strings.Contains(extra, "INVISIBLE"), AutoIncrement: strings.Contains(extra, "AUTO_INCREMENT")}
			c.Unsigned = strings.Contains(c.Type, " unsigned") && c.CharacterSet == "" // not of an enum('a unsigned')
			switch {
			case strings.Contains(extra, "VIRTUAL GENERATED"):
				c.Generated = Virtual
			case strings.Contains(extra, "STORED GENERATED"):
				c.Generated = Stored
			}
			switch {
			case strings.Contains(extra, "DEFAULT_GENERATED"):
				c.Default = "(" + r.text(8) + ")"
			case !r.null(8):
				c.Default = quoteText(r.text(8))
			}
			if i := strings.Index(extra, "ON UPDATE "); i >= 0 {
				c.OnUpdate, _, _ = strings.Cut(extra[i+len("ON UPDATE "):], " ")
			}
			t.Columns = append(t.Columns, c)
		})
}

func (in *inspection) triggers(ctx context.Context) error {
	return in.each(ctx, "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT"+
		" FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = ? ORDER BY EVENT_OBJECT_TABLE, TRIGGER_NAME",
		func(t *Table, r row) {
			t.Triggers = append(t.Triggers, Trigger{Name: r.text(1), Timing: r.text(2), Event: r.text(3), Statement: r.text(4)})
		})
}

func (in *inspection) checks(ctx context.Context) error {
	return in.each(ctx, "SELECT t.TABLE_NAME, t.CONSTRAINT_NAME, c.CHECK_CLAUSE FROM information_schema.TABLE_CONSTRAINTS AS t"+
		" JOIN information_schema.CHECK_CONSTRAINTS AS c ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME"+
		" WHERE t.TABLE_SCHEMA = ? AND t.CONSTRAINT_TYPE = 'CHECK' AND t.ENFORCED = 'YES' ORDER BY t.TABLE_NAME, t.CONSTRAINT_NAME",
		func(t *Table, r row) { t.Checks = append(t.Checks, r.text(1)+": "+r.text(2)) })
}

// counter is the next AUTO_INCREMENT number in a definition's options.
var counter = regexp.MustCompile(`(?m)^(\) ENGINE=\w+) AUTO_INCREMENT=\d+`)

func (in *inspection) definitions(ctx context.Context) error {
	for _, t := range in.byName {
		var name, text string
		if err := in.db.QueryRowContext(ctx, "SHOW CREATE TABLE "+t.name()).Scan(&name, &text); err != nil {
			return err
		}
		t.Definition = counter.ReplaceAllString(text, "$1")
	}
	return nil
}

// row is one row of information_schema.
type row []sql.NullString

func (r row) text(i int) string { return r[i].String } // of NULL: empty
func (r row) null(i int) bool   { return !r[i].Valid }

// each asks for rows whose first column is a table's name, and hands on those
// of the tables that are looked at.
func (in *inspection) each(ctx context.Context, statement string, add func(t *Table, r row)) error {
	rows, err := in.db.QueryContext(ctx, statement, in.database)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err has told by then
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		r, into := make(row, len(names)), make([]any, len(names))
		for i := range r {
			into[i] = &r[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if t := in.byName[r.text(0)]; t != nil {
			add(t, r)
		}
	}
	return rows.Err()
}

// quoteText writes a text literal for sessions without NO_BACKSLASH_ESCAPES.
func quoteText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}
