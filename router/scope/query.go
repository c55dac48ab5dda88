package scope

import (
	"vitess.io/vitess/go/vt/sqlparser"
)

// query analyses a SELECT or UNION in the sight of outer and of the common
// table expressions ctes, and says what its result's columns hold.
func (a *analysis) query(q sqlparser.TableStatement, outer *view, ctes *cte) (output, error) {
	switch q := q.(type) {
	case *sqlparser.Select:
		return a.selectBlock(q, outer, ctes)
	case *sqlparser.Union:
		return a.union(q, outer, ctes)
	}
	return output{}, a.refuse(refusedNode(q))
}

func (a *analysis) selectBlock(sel *sqlparser.Select, outer *view, ctes *cte) (output, error) {
	ctes, err := a.with(sel.With, outer, ctes)
	if err != nil {
		return output{}, err
	}
	b := a.newBlock(outer, ctes, "WHERE")
	if err := b.from(sel.From, sel.Where); err != nil {
		return output{}, err
	}
	v := b.view(b.items)
	for _, n := range []sqlparser.SQLNode{sel.SelectExprs, sel.GroupBy, sel.Having, sel.Windows, sel.OrderBy, sel.Limit} {
		b.look(n, v)
	}
	if err := b.subqueries(); err != nil {
		return output{}, err
	}
	return b.output(sel, v), nil
}

func (a *analysis) union(u *sqlparser.Union, outer *view, ctes *cte) (output, error) {
	ctes, err := a.with(u.With, outer, ctes)
	if err != nil {
		return output{}, err
	}
	if err := a.plainEnd(u); err != nil {
		return output{}, err
	}
	left, err := a.query(u.Left, outer, ctes)
	if err != nil {
		return output{}, err
	}
	right, err := a.query(u.Right, outer, ctes)
	if err != nil {
		return output{}, err
	}
	return left.union(right), nil
}

// plainEnd refuses a subquery in the ORDER BY or LIMIT of a whole UNION, whose
// sight of tables is MySQL's secret.
func (a *analysis) plainEnd(u *sqlparser.Union) error {
	for _, n := range []sqlparser.SQLNode{u.OrderBy, u.Limit} {
		err := sqlparser.Walk(func(n sqlparser.SQLNode) (bool, error) {
			if _, ok := n.(*sqlparser.Subquery); ok {
				return false, a.refuse(Construct, "a subquery in the ORDER BY of a UNION; put the UNION into a derived table")
			}
			return true, nil
		}, n)
		if err != nil {
			return err
		}
	}
	return nil
}
