package schema

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Table is one table's definition.
type Table struct {
	Name string
	SQL  string // the statement that creates it
}

// counter is where a table's AUTO_INCREMENT stands, which is no part of what
// the table is.
var counter = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// Load reads the definitions of those of the named tables that the
// connection's database has, in the order of their names. Views are not tables.
func Load(ctx context.Context, db *sql.DB, names ...string) ([]Table, error) {
	there, err := existing(ctx, db)
	if err != nil {
		return nil, err
	}
	var tables []Table
	for _, name := range slices.Sorted(slices.Values(names)) {
		if !there[name] {
			continue
		}
		var said, statement string
		if err := db.QueryRowContext(ctx, "SHOW CREATE TABLE "+quote(name)).Scan(&said, &statement); err != nil {
			return nil, fmt.Errorf("read the definition of table %s: %w", name, err)
		}
		tables = append(tables, Table{Name: name, SQL: counter.ReplaceAllString(statement, "")})
	}
	return tables, nil
}

func existing(ctx context.Context, db *sql.DB) (map[string]bool, error) {
	rows, err := db.QueryContext(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'")
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	defer rows.Close()
	there := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list tables: %w", err)
		}
		there[name] = true
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return there, nil
}

// Create makes the tables in the connection's database. One may refer to
// another that comes later, so nobody checks foreign keys meanwhile. DDL is not
// transactional: when it fails, the tables before the named one are there.
func Create(ctx context.Context, db *sql.DB, tables ...Table) error {
	if len(tables) == 0 {
		return nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("create tables: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SET SESSION foreign_key_checks = 0"); err != nil {
		return fmt.Errorf("create tables: %w", err)
	}
	for _, t := range tables {
		if _, err := conn.ExecContext(ctx, t.SQL); err != nil {
			return fmt.Errorf("create table %s: %w", t.Name, err)
		}
	}
	// The connection may go back to a pool.
	if _, err := conn.ExecContext(ctx, "SET SESSION foreign_key_checks = @@GLOBAL.foreign_key_checks"); err != nil {
		return fmt.Errorf("create tables: %w", err)
	}
	return nil
}

// Difference is a table that is not as it should be.
type Difference struct {
	Table string
	// Lines of its definition, without the common ones; Want is all of it when
	// the table is missing, and empty when nobody asked for the table.
	Want, Have []string
}

// String says it in one line.
func (d Difference) String() string {
	switch {
	case len(d.Have) == 0:
		return d.Table + " is missing"
	case len(d.Want) == 0:
		return d.Table + " is not wanted"
	}
	return fmt.Sprintf("%s has %q where %q is wanted", d.Table, strings.Join(d.Have, " "), strings.Join(d.Want, " "))
}

// Compare lists the tables in which have differs from want, by name.
func Compare(want, have []Table) []Difference {
	names := map[string][2]string{}
	for _, t := range want {
		names[t.Name] = [2]string{t.SQL, ""}
	}
	for _, t := range have {
		names[t.Name] = [2]string{names[t.Name][0], t.SQL}
	}
	var out []Difference
	for name, pair := range names {
		if pair[0] != pair[1] {
			w, h := lines(pair[0]), lines(pair[1])
			out = append(out, Difference{name, without(w, h), without(h, w)})
		}
	}
	slices.SortFunc(out, func(a, b Difference) int { return strings.Compare(a.Table, b.Table) })
	return out
}

func lines(definition string) []string {
	var out []string
	for line := range strings.Lines(definition) {
		out = append(out, strings.Trim(line, " ,\n"))
	}
	return out
}

// without is what of a is not in b; when that is nothing, as when only the
// order differs, it is all of a.
func without(a, b []string) []string {
	rest := slices.DeleteFunc(slices.Clone(a), func(line string) bool { return slices.Contains(b, line) })
	if len(rest) == 0 {
		return a
	}
	return rest
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
