package scope

import (
	"errors"

	"vitess.io/vitess/go/vt/sqlparser"
)

// fact says that two things are equal in every combination of rows that
// counts: a member column with another one, or with what a literal or
// parameter names.
type fact struct {
	a, b term
	// holds are the tables it may be used for; nil means all of the block. The
	// condition of an outer join says nothing about the side that keeps its
	// rows (see join.go).
	holds map[*table]bool
}

// gather adds the facts that an AND-ed condition gives. OR, NOT, functions and
// everything else give none.
func (b *block) gather(e sqlparser.Expr, v *view, holds map[*table]bool) {
	switch e := e.(type) {
	case *sqlparser.AndExpr:
		b.gather(e.Left, v, holds)
		b.gather(e.Right, v, holds)
	case *sqlparser.ComparisonExpr:
		if e.Modifier != sqlparser.Missing {
			return
		}
		switch e.Operator {
		case sqlparser.EqualOp:
			b.equal(e.Left, e.Right, v, holds, false)
		case sqlparser.NullSafeEqualOp:
			b.nullSafe(e.Left, e.Right, v, holds)
		case sqlparser.InOp:
			b.in(e.Left, e.Right, v, holds)
		}
	}
}

// equal takes x = y, also of rows.
func (b *block) equal(x, y sqlparser.Expr, v *view, holds map[*table]bool, inRow bool) {
	xs, xRow := x.(sqlparser.ValTuple)
	ys, yRow := y.(sqlparser.ValTuple)
	if xRow && yRow {
		if len(xs) == len(ys) {
			for i := range xs {
				b.equal(xs[i], ys[i], v, holds, true)
			}
		}
		return
	}
	xt, xok := b.term(x, y, v, inRow)
	yt, yok := b.term(y, x, v, inRow)
	if xok && yok {
		b.facts = append(b.facts, fact{a: xt, b: yt, holds: holds})
	}
}

// nullSafe takes x <=> y between a column and a value only: between columns it
// would also hold for two NULLs.
func (b *block) nullSafe(x, y sqlparser.Expr, v *view, holds map[*table]bool) {
	_, xColumn := x.(*sqlparser.ColName)
	_, yColumn := y.(*sqlparser.ColName)
	if xColumn != yColumn {
		b.equal(x, y, v, holds, false)
	}
}

// in takes x IN (…) if every element is a literal or parameter; all of them
// must then name the same member. Of rows, each column by itself.
func (b *block) in(x, list sqlparser.Expr, v *view, holds map[*table]bool) {
	elements, ok := list.(sqlparser.ValTuple)
	if !ok {
		return
	}
	columns, isRow := x.(sqlparser.ValTuple)
	if !isRow {
		columns = sqlparser.ValTuple{x}
	}
	for i, column := range columns {
		var facts []fact
		for _, element := range elements {
			if isRow {
				row, ok := element.(sqlparser.ValTuple)
				if !ok || len(row) != len(columns) {
					return
				}
				element = row[i]
			}
			xt, xok := b.term(column, element, v, isRow || len(elements) > 1)
			yt, yok := b.term(element, column, v, isRow || len(elements) > 1)
			// Only the value must be known; two columns are not "one of".
			if !xok || !yok || len(elements) > 1 && (xt.table == nil || len(yt.known) == 0 || !isValue(element)) {
				facts = nil
				break
			}
			facts = append(facts, fact{a: xt, b: yt, holds: holds})
		}
		b.facts = append(b.facts, facts...)
	}
}

func isValue(e sqlparser.Expr) bool {
	_, column := e.(*sqlparser.ColName)
	return !column
}

// term reads one side of a comparison. When it is a value that is no id and
// the other side is a member column, the reason is noted for the message.
func (b *block) term(e, other sqlparser.Expr, v *view, inRow bool) (term, bool) {
	if c, ok := e.(*sqlparser.ColName); ok {
		t := v.resolve(c)
		return t, !t.isNone()
	}
	s, ok, err := b.a.sourceOf(e)
	if err == nil && ok && inRow && s.text && inexact(s.member) {
		ok, err = false, &ValueError{Value: s.member.String(), Why: "within a row the server may compare a text and an integer inexactly; write it without quotes"}
	}
	if err != nil || !ok {
		if c, isColumn := other.(*sqlparser.ColName); isColumn {
			b.note(v.resolve(c).table, err)
		}
		return term{}, false
	}
	s.weak = inRow
	return term{known: []source{s}}, true
}

func (b *block) note(t *table, err error) {
	var bad *ValueError
	if t != nil && errors.As(err, &bad) {
		t.note = bad.Error()
	}
}

// tie follows the equalities from a table and returns every value they lead
// to. All of them have to name the same member.
//
// A fact that holds for another table only may be used once an equality led
// there: the equality is not true of NULL, so that table has a row in it, and
// with the row come the conditions of its own outer join.
func (b *block) tie(t *table) []source {
	seen := map[*table]bool{t: true}
	used := make([]bool, len(b.facts))
	var found []source
	for again := true; again; {
		again = false
		for i, f := range b.facts {
			if used[i] || !f.usable(seen) {
				continue
			}
			used[i], again = true, true
			for _, end := range []term{f.a, f.b} {
				found = append(found, end.known...)
				if end.table != nil {
					seen[end.table] = true
				}
			}
		}
	}
	return found
}

// usable reports whether one of its sides is among the tables seen and it may
// be used for one of them.
func (f fact) usable(seen map[*table]bool) bool {
	if !seen[f.a.table] && !seen[f.b.table] {
		return false
	}
	if f.holds == nil {
		return true
	}
	for t := range seen {
		if f.holds[t] {
			return true
		}
	}
	return false
}
