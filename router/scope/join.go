package scope

import (
	"slices"

	"github.com/berthdb/berth/shard"
	"vitess.io/vitess/go/vt/sqlparser"
)

// collect makes the items of a FROM entry, in the order of the text.
func (b *block) collect(e sqlparser.TableExpr) error {
	switch e := e.(type) {
	case *sqlparser.AliasedTableExpr:
		return b.collectTable(e)
	case *sqlparser.ParenTableExpr:
		return b.collectGroup(e.Exprs)
	case *sqlparser.JoinTableExpr:
		switch e.Join {
		case sqlparser.LeftJoinType, sqlparser.RightJoinType, sqlparser.NaturalLeftJoinType, sqlparser.NaturalRightJoinType:
			b.outerJoin = true
		case sqlparser.NormalJoinType, sqlparser.StraightJoinType:
			b.loose = b.loose || e.Condition == nil || e.Condition.On == nil && len(e.Condition.Using) == 0
		}
		if err := b.collect(e.LeftExpr); err != nil {
			return err
		}
		return b.collect(e.RightExpr)
	case *sqlparser.JSONTableExpr:
		it := &item{name: e.Alias.String()}
		b.leaves[e] = it
		b.look(e, b.view(slices.Clone(b.items)))
		b.items = append(b.items, it)
		return nil
	}
	return b.a.refuse(Construct, "an entry of FROM of a kind the guard does not know")
}

// collectGroup makes the items of a FROM, or of parentheses within one.
func (b *block) collectGroup(tables []sqlparser.TableExpr) error {
	loose, outerJoin := b.loose, b.outerJoin
	b.loose, b.outerJoin = false, false
	for _, t := range tables {
		if err := b.collect(t); err != nil {
			return err
		}
	}
	if b.loose && b.outerJoin {
		return b.a.refuse(Construct, "a JOIN without a condition beside an outer join can be grouped in two ways; put it in parentheses, or give it a condition")
	}
	b.loose, b.outerJoin = loose, outerJoin
	return nil
}

func (b *block) collectTable(e *sqlparser.AliasedTableExpr) error {
	it := &item{name: e.As.String()}
	switch t := e.Expr.(type) {
	case sqlparser.TableName:
		if t.Qualifier.IsEmpty() && t.Name.String() == "dual" && e.As.IsEmpty() {
			return nil
		}
		if err := b.collectNamed(it, t, e); err != nil {
			return err
		}
	case *sqlparser.DerivedTable:
		if t.Lateral {
			b.lateral = append(b.lateral, lateral{t.Select, len(b.items)})
			break
		}
		out, err := b.a.query(t.Select, b.outer, b.ctes)
		if err != nil {
			return err
		}
		it.members = out.rename(e.Columns).members()
	default:
		return b.a.refuse(Construct, "an entry of FROM of a kind the guard does not know")
	}
	b.leaves[e] = it
	b.items = append(b.items, it)
	return nil
}

// collectNamed makes the item of a name: a common table expression's, which
// goes first, or a base table's.
func (b *block) collectNamed(it *item, name sqlparser.TableName, e *sqlparser.AliasedTableExpr) error {
	if it.name == "" {
		it.name = name.Name.String()
	}
	if name.Qualifier.IsEmpty() {
		c, err := b.a.findCTE(b.ctes, name.Name.String())
		if err != nil {
			return err
		}
		if c != nil {
			it.members = c.out.members()
			return nil
		}
	}
	t, err := b.a.use(name, e.As.String())
	if t != nil {
		t.where = b.where
	}
	it.table = t
	return err
}

// join reads the conditions of a FROM entry and returns its items. holds says
// for which tables the conditions found here may be used, nil for all.
//
// For "A LEFT JOIN B ON p", p picks the rows of B and keeps every row of A: so
// p is a fact for B's tables alone, though it may lean on what is known of A.
// A row of B can then matter in two ways: joined to a row of A, where p and all
// conditions around hold; or by keeping a row of A from appearing with NULLs,
// where p and those around that name A alone hold.
func (b *block) join(e sqlparser.TableExpr, holds map[*table]bool) []*item {
	switch e := e.(type) {
	case *sqlparser.ParenTableExpr:
		var items []*item
		for _, t := range e.Exprs {
			items = append(items, b.join(t, holds)...)
		}
		return items
	case *sqlparser.JoinTableExpr:
		return b.joinTwo(e, holds)
	}
	if it := b.leaves[e]; it != nil {
		return []*item{it}
	}
	return nil
}

func (b *block) joinTwo(e *sqlparser.JoinTableExpr, holds map[*table]bool) []*item {
	leftHolds, rightHolds, onHolds := holds, holds, holds
	var leftOuter, rightOuter bool
	switch e.Join {
	case sqlparser.LeftJoinType, sqlparser.NaturalLeftJoinType:
		leftOuter = true
		rightHolds = b.optional(e.RightExpr)
		onHolds = rightHolds
	case sqlparser.RightJoinType, sqlparser.NaturalRightJoinType:
		rightOuter = true
		leftHolds = b.optional(e.LeftExpr)
		onHolds = leftHolds
	}
	left := b.join(e.LeftExpr, leftHolds)
	right := b.join(e.RightExpr, rightHolds)
	items := append(slices.Clone(left), right...)

	switch e.Join {
	case sqlparser.NaturalJoinType, sqlparser.NaturalLeftJoinType, sqlparser.NaturalRightJoinType:
		b.using(append(memberColumns(left), memberColumns(right)...), left, right, onHolds, rightOuter)
		return items
	}
	if c := e.Condition; c != nil {
		if len(c.Using) > 0 {
			var columns []string
			for _, u := range c.Using {
				columns = append(columns, lower(u.String()))
			}
			b.using(columns, left, right, onHolds, rightOuter)
		}
		if c.On != nil {
			v := b.view(items)
			b.gather(c.On, v, onHolds)
			b.look(c.On, v)
			b.clause(leftOuter, rightOuter, left, right)
		}
	}
	return items
}

// using takes the equalities of USING or NATURAL. Afterwards the name alone
// means the column of the side that keeps its rows, of the left one for inner
// joins; the other side's is hidden.
func (b *block) using(columns []string, left, right []*item, holds map[*table]bool, rightOuter bool) {
	lv, rv := b.view(left), b.view(right)
	for _, c := range columns {
		lt, rt := lv.unqualified(c), rv.unqualified(c)
		if !lt.isNone() && !rt.isNone() {
			b.facts = append(b.facts, fact{a: lt, b: rt, holds: holds})
		}
	}
	gone := right
	if rightOuter {
		gone = left
	}
	for _, it := range gone {
		for _, c := range columns {
			it.hide(c)
		}
	}
}

// optional returns the tables of the side of an outer join that can be absent,
// and notes that their columns can be NULL.
func (b *block) optional(e sqlparser.TableExpr) map[*table]bool {
	tables := map[*table]bool{}
	for expr, it := range b.leaves {
		if it.table != nil && contains(e, expr) {
			tables[it.table] = true
			b.nullable[it.table] = true
		}
	}
	return tables
}

// clause makes messages name the ON of an outer join for the tables that only
// it can tie.
func (b *block) clause(leftOuter, rightOuter bool, left, right []*item) {
	inner := right
	if rightOuter {
		inner = left
	}
	if !leftOuter && !rightOuter {
		return
	}
	for _, it := range inner {
		if it.table != nil && it.table.Kind == shard.Sharded {
			it.table.where = "ON"
		}
	}
}

func contains(tree, leaf sqlparser.TableExpr) bool {
	switch tree := tree.(type) {
	case *sqlparser.ParenTableExpr:
		return slices.ContainsFunc(tree.Exprs, func(t sqlparser.TableExpr) bool { return contains(t, leaf) })
	case *sqlparser.JoinTableExpr:
		return contains(tree.LeftExpr, leaf) || contains(tree.RightExpr, leaf)
	}
	return tree == leaf
}
