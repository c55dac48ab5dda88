package rows

import (
	"context"
	"slices"
	"strings"

	"github.com/berthdb/berth/shard/instance"
)

// index is one index of a table, as far as rows can be walked by it.
type index struct {
	name    string
	unique  bool
	columns []string // a functional part is "(EXPRESSION)", a prefix "COLUMN(LENGTH)"
	plain   bool     // whole columns, ascending: its order is that of the columns
	usable  bool     // a visible B-tree
}

func (in *inspection) keys(ctx context.Context) error {
	indexes := map[*Table][]index{}
	err := in.each(ctx, "SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, EXPRESSION, SUB_PART, COLLATION, INDEX_TYPE, IS_VISIBLE"+
		" FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
		func(t *Table, r row) {
			list := indexes[t]
			if n := len(list); n == 0 || list[n-1].name != r.text(1) {
				list = append(list, index{name: r.text(1), unique: r.text(2) == "0", plain: true,
					usable: r.text(7) == "BTREE" && r.text(8) == "YES"})
			}
			x := &list[len(list)-1]
			column := r.text(3)
			if r.null(3) {
				column = "(" + r.text(4) + ")"
			} else if !r.null(5) {
				column += "(" + r.text(5) + ")"
			}
			if r.null(3) || !r.null(5) || r.text(6) != "A" {
				x.plain = false
			}
			x.columns = append(x.columns, column)
			indexes[t] = list
		})
	if err != nil {
		return err
	}
	for t, list := range indexes {
		for _, x := range list {
			switch {
			case x.name == "PRIMARY":
				t.PrimaryKey = t.withoutPrefixes(x.columns)
			case x.unique:
				t.Unique = append(t.Unique, instance.Key{Name: x.name, Columns: x.columns})
			}
		}
		t.chooseIndex(list)
	}
	return nil
}

// withoutPrefixes gives the columns of a key by their names, but for a prefix
// of the member column, which does not tell members apart.
func (t *Table) withoutPrefixes(columns []string) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		if out[i] = c; strings.HasSuffix(c, ")") {
			if name := c[:strings.LastIndexByte(c, '(')]; !strings.EqualFold(name, t.Member) {
				out[i] = name
			}
		}
	}
	return out
}

// chooseIndex takes the primary key if it begins with the member column, since
// the rows lie in its order; else an index by which a member's rows can be
// walked in parts, the shortest; else any that begins with the member column.
func (t *Table) chooseIndex(list []index) {
	var best index
	for _, x := range list {
		if !x.usable || !strings.EqualFold(x.columns[0], t.Member) {
			continue
		}
		if x.name == "PRIMARY" {
			best = x
			break
		}
		if best.name == "" || x.plain && !best.plain || x.plain == best.plain && len(x.columns) < len(best.columns) {
			best = x
		}
	}
	t.MemberIndex = best.name
	// Every InnoDB index goes on with the primary key's columns, so that the
	// server reads it in this order without sorting. Where it is not plain the
	// primary key's order has to be sorted.
	columns := t.PrimaryKey
	t.sorted = !best.plain
	if best.plain {
		columns = slices.Concat(best.columns, t.PrimaryKey)
	}
	seen := []string{t.Member} // the same for all rows of a member
	for _, name := range columns {
		c, ok := t.Column(name)
		if !ok || holds(seen, name) {
			continue
		}
		seen = append(seen, name)
		t.walk = append(t.walk, c)
	}
}

func (in *inspection) foreignKeys(ctx context.Context) error {
	rows, err := in.db.QueryContext(ctx, "SELECT k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE"+
		" FROM information_schema.KEY_COLUMN_USAGE AS k JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r"+
		" ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME"+
		" WHERE ? IN (k.TABLE_SCHEMA, k.REFERENCED_TABLE_SCHEMA) AND k.REFERENCED_TABLE_NAME IS NOT NULL"+
		" ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION", in.database)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err has told by then
	var list []ForeignKey
	var last [3]string
	for rows.Next() {
		var r [9]string
		if err := rows.Scan(&r[0], &r[1], &r[2], &r[3], &r[4], &r[5], &r[6], &r[7], &r[8]); err != nil {
			return err
		}
		if n := len(list); n == 0 || last != [3]string(r[:3]) {
			last = [3]string(r[:3])
			f := ForeignKey{Name: r[2], Table: in.place(r[0], r[1]), RefTable: in.place(r[4], r[5]), OnDelete: r[7], OnUpdate: r[8]}
			f.RefKind, f.RefMember = in.catalogue[f.RefTable].Kind, in.catalogue[f.RefTable].MemberColumn
			list = append(list, f)
		}
		f := &list[len(list)-1]
		f.Columns, f.RefColumns = append(f.Columns, r[3]), append(f.RefColumns, r[6])
	}
	for _, f := range list {
		if t := in.byName[f.Table]; t != nil {
			t.ForeignKeys = append(t.ForeignKeys, f)
		}
		if t := in.byName[f.RefTable]; t != nil {
			t.ReferencedBy = append(t.ReferencedBy, f)
		}
	}
	return rows.Err()
}

// place names a table, with its database when it is another one.
func (in *inspection) place(database, table string) string {
	if database == in.database {
		return table
	}
	return database + "." + table
}
