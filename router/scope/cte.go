package scope

import (
	"vitess.io/vitess/go/vt/sqlparser"
)

// cte is a common table expression in sight, with those it hides behind it.
type cte struct {
	name string
	out  output
	next *cte
}

// findCTE looks a name up as MySQL does before it looks for a table.
func (a *analysis) findCTE(c *cte, name string) (*cte, error) {
	for ; c != nil; c = c.next {
		if c.name == name {
			return c, nil
		}
		if lower(c.name) == lower(name) || !isASCII(c.name) {
			return nil, a.refuse(Construct, "the common table expression "+c.name+" differs from the name "+name+" in case only, or is not ASCII; use another name")
		}
	}
	return nil, nil
}

// with analyses the common table expressions of a block; each must be tied in
// itself. A later one sees the earlier ones.
func (a *analysis) with(w *sqlparser.With, outer *view, ctes *cte) (*cte, error) {
	if w == nil {
		return ctes, nil
	}
	for _, e := range w.CTEs {
		out, err := a.commonTable(e, w.Recursive, outer, ctes)
		if err != nil {
			return nil, err
		}
		ctes = &cte{name: e.ID.String(), out: out, next: ctes}
	}
	return ctes, nil
}

func (a *analysis) commonTable(e *sqlparser.CommonTableExpr, recursive bool, outer *view, ctes *cte) (output, error) {
	u, ok := e.Subquery.(*sqlparser.Union)
	if !recursive || !ok {
		out, err := a.query(e.Subquery, outer, ctes)
		return out.rename(e.Columns), err
	}
	return a.recursive(e, u, outer, ctes)
}

// recursive takes the first part of the UNION for the start, as MySQL does,
// and looks at the others assuming that the expression holds what the start
// gives. If in the end a member column of the start is none in the whole, the
// assumption was wrong and the statement is refused.
func (a *analysis) recursive(e *sqlparser.CommonTableExpr, u *sqlparser.Union, outer *view, ctes *cte) (output, error) {
	ctes, err := a.with(u.With, outer, ctes)
	if err != nil {
		return output{}, err
	}
	parts, err := a.parts(u)
	if err != nil {
		return output{}, err
	}
	whole, err := a.query(parts[0], outer, ctes)
	if err != nil {
		return output{}, err
	}
	assumed := whole.rename(e.Columns).members()
	self := &cte{name: e.ID.String(), out: whole.rename(e.Columns), next: ctes}
	for _, p := range parts[1:] {
		out, err := a.query(p, outer, self)
		if err != nil {
			return output{}, err
		}
		whole = whole.union(out)
	}
	held := whole.rename(e.Columns).members()
	for column := range assumed {
		if len(held[column]) == 0 {
			return output{}, a.refuse(Construct, "every part of the recursive expression "+e.ID.String()+" must select the member column where the first one does")
		}
	}
	return whole.rename(e.Columns), nil
}

// parts are the arms of a UNION in order, those of a UNION within it likewise
// unless that has a WITH of its own.
func (a *analysis) parts(u *sqlparser.Union) ([]sqlparser.TableStatement, error) {
	if err := a.plainEnd(u); err != nil {
		return nil, err
	}
	var parts []sqlparser.TableStatement
	for _, arm := range []sqlparser.TableStatement{u.Left, u.Right} {
		if nested, ok := arm.(*sqlparser.Union); ok && nested.With == nil {
			more, err := a.parts(nested)
			if err != nil {
				return nil, err
			}
			parts = append(parts, more...)
			continue
		}
		parts = append(parts, arm)
	}
	return parts, nil
}
