package instance

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// TableInfo is what a server knows of one table of an unsharded database.
type TableInfo struct {
	Name        string
	View        bool // the rest is empty then
	Engine      string
	Rows, Bytes uint64 // estimates of the server's statistics; bytes with indexes
	Columns     []Column
	PrimaryKey  []string // its columns, in order
	UniqueKeys  []Key    // besides the primary one
	ForeignKeys []ForeignKey
	Triggers    []string // names
}

// Column is one column of a table.
type Column struct {
	Name          string
	Type          string // as in its definition: "bigint unsigned"
	DataType      string // the bare type: "bigint"
	Collation     string // of character types only
	Nullable      bool
	AutoIncrement bool
	Generated     bool
}

// Key is a unique key.
type Key struct {
	Name    string
	Columns []string
}

// ForeignKey ties Columns of the table to RefColumns of RefTable.
type ForeignKey struct {
	Name       string
	Columns    []string
	RefTable   string // DATABASE.TABLE when it is in another one
	RefColumns []string
	Cascades   bool // ON DELETE or ON UPDATE changes rows of this table
}

// column finds a column by name, as MySQL does: whatever the case.
func (t *TableInfo) column(name string) *Column {
	for i := range t.Columns {
		if strings.EqualFold(t.Columns[i].Name, name) {
			return &t.Columns[i]
		}
	}
	return nil
}

// KeysHold reports whether each unique key of the table, the primary one
// among them, holds the column.
func (t *TableInfo) KeysHold(column string) bool {
	for _, key := range append([]Key{{Columns: t.PrimaryKey}}, t.UniqueKeys...) {
		if !slices.ContainsFunc(key.Columns, func(c string) bool { return strings.EqualFold(c, column) }) {
			return false
		}
	}
	return true
}

// Catalogue reads the tables and views of a database, by name. db needs no
// database of its own; its account sees only tables it has a privilege on.
func Catalogue(ctx context.Context, db DB, database string) ([]TableInfo, error) {
	var tables []TableInfo
	at := map[string]int{}
	// One question a kind of thing: information_schema answers each for a whole
	// database about as fast as for one table.
	for _, part := range []struct {
		what      string
		columns   int
		statement string
		add       func(row []string)
	}{
		{"tables", 5, "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH" +
			" FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME", func(r []string) {
			at[r[0]] = len(tables)
			rows, _ := strconv.ParseUint(r[3], 10, 64) // of a view: NULL, so 0
			bytes, _ := strconv.ParseUint(r[4], 10, 64)
			tables = append(tables, TableInfo{Name: r[0], View: r[1] != "BASE TABLE", Engine: r[2], Rows: rows, Bytes: bytes})
		}},
		{"columns", 7, "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, COLLATION_NAME, IS_NULLABLE, EXTRA" +
			" FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, ORDINAL_POSITION", func(r []string) {
			t := &tables[at[r[0]]]
			if t.View {
				return
			}
			extra := strings.ToUpper(r[6])
			t.Columns = append(t.Columns, Column{Name: r[1], Type: r[2], DataType: strings.ToLower(r[3]), Collation: r[4],
				Nullable: r[5] == "YES", AutoIncrement: strings.Contains(extra, "AUTO_INCREMENT"),
				Generated: strings.Contains(extra, "VIRTUAL GENERATED") || strings.Contains(extra, "STORED GENERATED")})
		}},
		{"keys", 3, "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS" +
			" WHERE TABLE_SCHEMA = ? AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX", func(r []string) {
			t := &tables[at[r[0]]]
			if r[1] == "PRIMARY" {
				t.PrimaryKey = append(t.PrimaryKey, r[2])
				return
			}
			if n := len(t.UniqueKeys); n == 0 || t.UniqueKeys[n-1].Name != r[1] {
				t.UniqueKeys = append(t.UniqueKeys, Key{Name: r[1]})
			}
			k := &t.UniqueKeys[len(t.UniqueKeys)-1]
			k.Columns = append(k.Columns, r[2])
		}},
		{"foreign keys", 8, "SELECT k.TABLE_NAME, k.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE" +
			" FROM information_schema.KEY_COLUMN_USAGE AS k JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r" +
			" ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME" +
			" WHERE k.TABLE_SCHEMA = ? AND k.REFERENCED_TABLE_NAME IS NOT NULL ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION", func(r []string) {
			t := &tables[at[r[0]]]
			if n := len(t.ForeignKeys); n == 0 || t.ForeignKeys[n-1].Name != r[1] {
				ref := r[4]
				if r[3] != database {
					ref = r[3] + "." + ref
				}
				t.ForeignKeys = append(t.ForeignKeys, ForeignKey{Name: r[1], RefTable: ref, Cascades: changesRows(r[6]) || changesRows(r[7])})
			}
			k := &t.ForeignKeys[len(t.ForeignKeys)-1]
			k.Columns = append(k.Columns, r[2])
			k.RefColumns = append(k.RefColumns, r[5])
		}},
		{"triggers", 2, "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME FROM information_schema.TRIGGERS" +
			" WHERE EVENT_OBJECT_SCHEMA = ? ORDER BY EVENT_OBJECT_TABLE, TRIGGER_NAME", func(r []string) {
			t := &tables[at[r[0]]]
			t.Triggers = append(t.Triggers, r[1])
		}},
	} {
		rows, err := texts(ctx, db, part.statement, part.columns, database)
		if err != nil {
			return nil, fmt.Errorf("read the %s of database %s: %w", part.what, database, err)
		}
		for _, row := range rows {
			if _, ok := at[row[0]]; !ok && part.what != "tables" {
				continue // a table made since
			}
			part.add(row)
		}
	}
	return tables, nil
}

// changesRows reports whether a foreign key's rule writes to the referring table.
func changesRows(rule string) bool {
	return rule != "NO ACTION" && rule != "RESTRICT"
}
