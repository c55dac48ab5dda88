package scope

import (
	"slices"

	"github.com/berthdb/berth/shard"
	"vitess.io/vitess/go/vt/sqlparser"
)

// output is what the columns of a result hold, in order.
type output struct {
	columns []column
	star    bool // a * stands among them: the order is not known
}

type column struct {
	name     string // lower case; empty if it has none of its own
	sources  []source
	stored   bool // comes out of a member column, with its type and collation
	nullable bool // can be NULL
}

// output reads the select list. Only columns that are the member column as it
// is, or a literal or parameter, are followed.
func (b *block) output(sel *sqlparser.Select, v *view) output {
	nullable := sel.GroupBy != nil && sel.GroupBy.WithRollup || sel.GroupBy == nil && aggregates(sel)
	var out output
	for _, e := range sel.SelectExprs.Exprs {
		switch e := e.(type) {
		case *sqlparser.StarExpr:
			out.star = true
			out.columns = append(out.columns, b.star(e)...)
		case *sqlparser.AliasedExpr:
			c := b.column(e.Expr, v)
			if e.As.NotEmpty() {
				c.name = lower(e.As.String())
			}
			out.columns = append(out.columns, c)
		default:
			out.star = true
		}
	}
	for i := range out.columns {
		out.columns[i].nullable = out.columns[i].nullable || nullable
	}
	return out
}

func (b *block) column(e sqlparser.Expr, v *view) column {
	if c, ok := e.(*sqlparser.ColName); ok {
		t := v.resolve(c)
		out := column{name: lower(c.Name.String()), sources: t.known, nullable: true}
		if t.table != nil {
			out.sources, out.nullable = t.table.sources, b.nullable[t.table]
		}
		out.stored = len(out.sources) > 0
		return out
	}
	if s, ok, err := b.a.sourceOf(e); err == nil && ok {
		return column{sources: []source{s}}
	}
	return column{}
}

// star gives the member columns among those a * stands for.
func (b *block) star(e *sqlparser.StarExpr) []column {
	var out []column
	for _, it := range b.items {
		if name := e.TableName.Name.String(); name != "" && name != it.name {
			continue
		}
		if t := it.table; t != nil && t.Kind == shard.Sharded {
			out = append(out, column{name: lower(t.MemberColumn), sources: t.sources, stored: true, nullable: b.nullable[t]})
		}
		for name, sources := range it.members {
			out = append(out, column{name: name, sources: sources, stored: true, nullable: true})
		}
	}
	return out
}

// members are the columns that hold the member (or NULL), by name.
func (o output) members() map[string][]source {
	count := map[string]int{}
	for _, c := range o.columns {
		count[c.name]++
	}
	m := map[string][]source{}
	for _, c := range o.columns {
		if c.stored && c.name != "" && count[c.name] == 1 {
			m[c.name] = c.sources
		}
	}
	return m
}

// rename applies a column list, as in "d (id, member_id)".
func (o output) rename(names sqlparser.Columns) output {
	if len(names) == 0 {
		return o
	}
	if o.star || len(names) != len(o.columns) {
		return output{star: true}
	}
	o.columns = slices.Clone(o.columns)
	for i := range o.columns {
		o.columns[i].name = lower(names[i].String())
	}
	return o
}

// union is what holds in both results. The first one names the columns.
func (o output) union(p output) output {
	if o.star || p.star || len(o.columns) != len(p.columns) {
		return output{star: true}
	}
	o.columns = slices.Clone(o.columns)
	for i := range o.columns {
		c, d := &o.columns[i], p.columns[i]
		c.stored = c.stored && d.stored
		c.nullable = c.nullable || d.nullable
		if len(c.sources) == 0 || len(d.sources) == 0 {
			c.sources, c.stored = nil, false
			continue
		}
		c.sources = append(slices.Clone(c.sources), d.sources...)
	}
	return o
}

// aggregates reports whether a SELECT has an aggregate of its own: it then
// gives one row even of no rows, with NULL in the other columns.
func aggregates(sel *sqlparser.Select) bool {
	found := false
	for _, n := range []sqlparser.SQLNode{sel.SelectExprs, sel.Having, sel.OrderBy} {
		_ = sqlparser.Walk(func(n sqlparser.SQLNode) (bool, error) {
			switch n := n.(type) {
			case *sqlparser.Subquery:
				return false, nil
			case sqlparser.AggrFunc:
				found = true
			case *sqlparser.FuncExpr:
				found = found || n.Name.EqualString("st_collect")
			}
			return true, nil
		}, n)
	}
	return found
}
