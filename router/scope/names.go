package scope

import (
	"github.com/berthdb/berth/shard"
	"vitess.io/vitess/go/vt/sqlparser"
)

// item is one entry of a FROM clause: a base table, or the result of a derived
// table, a common table expression or JSON_TABLE.
type item struct {
	name    string
	table   *table              // nil if it is no base table of the catalogue
	members map[string][]source // of a result: columns (lower case) that hold the member or NULL
	hidden  map[string]bool     // columns that an unqualified name no longer means, after USING
}

// view is the tables that an expression can name: those of its own block and,
// through outer, those of the blocks around it.
type view struct {
	items []*item // in sight
	of    *block  // whose items these are, with those out of sight
	outer *view
}

// term is an expression as far as ties go: the member column of a table of
// this block, or something known to hold the member or NULL.
type term struct {
	table *table
	known []source
}

func (t term) isNone() bool { return t.table == nil && len(t.known) == 0 }

// resolve finds what a column name means. It returns no term whenever that is
// not the member column of one table for certain; the rules that decide are
// MySQL's (inner block first, exact alias), and where MySQL's depend on a
// server setting or on columns the guard does not know, there is no term.
func (v *view) resolve(c *sqlparser.ColName) term {
	if c.Qualifier.Qualifier.NotEmpty() {
		return term{}
	}
	column := lower(c.Name.String())
	name := c.Qualifier.Name.String()
	if name == "" {
		return v.unqualified(column)
	}
	for depth := 0; v != nil; v, depth = v.outer, depth+1 {
		for _, it := range v.items {
			if it.name == name {
				return it.term(column, depth > 0)
			}
		}
		for _, it := range v.of.items {
			if lower(it.name) == lower(name) {
				return term{} // out of sight here, or equal under lower_case_table_names
			}
		}
	}
	return term{}
}

// unqualified looks in the own block only. If exactly one table there is known
// to have the column, then MySQL either takes that one or, when another has it
// too, fails with an ambiguity; it never looks further out.
func (v *view) unqualified(column string) term {
	var found *item
	for _, it := range v.items {
		if it.term(column, false).isNone() || it.hidden[column] {
			continue
		}
		if found != nil {
			return term{}
		}
		found = it
	}
	if found == nil {
		return term{}
	}
	return found.term(column, false)
}

// term is what a column of the item is. A table of an outer block is tied by
// the time an inner one is looked at, so its column is known there.
func (it *item) term(column string, outer bool) term {
	switch {
	case it.table == nil:
		return term{known: it.members[column]}
	case !it.table.isMemberColumn(column):
		return term{}
	case outer:
		return term{known: it.table.sources}
	default:
		return term{table: it.table}
	}
}

func (it *item) hide(column string) {
	if it.hidden == nil {
		it.hidden = map[string]bool{}
	}
	it.hidden[column] = true
}

// memberColumns lists the columns of the items that an unqualified name could
// mean and that hold the member.
func memberColumns(items []*item) []string {
	var columns []string
	for _, it := range items {
		if it.table != nil && it.table.Kind == shard.Sharded {
			columns = append(columns, lower(it.table.MemberColumn))
		}
		for c := range it.members {
			columns = append(columns, c)
		}
	}
	return columns
}
