package scope

import (
	"github.com/berthdb/berth/shard"
	"vitess.io/vitess/go/vt/sqlparser"
)

// block is one query block: one FROM with the conditions and expressions that
// belong to it.
type block struct {
	a     *analysis
	outer *view // of the blocks around it
	ctes  *cte
	where string // the clause a missing predicate belongs in

	items     []*item
	leaves    map[sqlparser.TableExpr]*item
	facts     []fact
	nullable  map[*table]bool // its columns can be NULL where the table has no row
	exprs     []viewed        // to look through for subqueries
	lateral   []lateral
	loose     bool // a JOIN without condition stands in FROM
	outerJoin bool
}

// viewed is an expression with what it can see.
type viewed struct {
	expr sqlparser.SQLNode
	view *view
}

// lateral is a LATERAL derived table and how many items precede it.
type lateral struct {
	query sqlparser.TableStatement
	seen  int
}

func (a *analysis) newBlock(outer *view, ctes *cte, where string) *block {
	return &block{a: a, outer: outer, ctes: ctes, where: where, leaves: map[sqlparser.TableExpr]*item{}, nullable: map[*table]bool{}}
}

// view sees the given items of the block.
func (b *block) view(items []*item) *view {
	return &view{items: items, of: b, outer: b.outer}
}

// from reads a FROM clause and its conditions, and WHERE; then every sharded
// table of the block must be tied.
func (b *block) from(tables []sqlparser.TableExpr, where *sqlparser.Where) error {
	if err := b.collectGroup(tables); err != nil {
		return err
	}
	if err := b.distinctNames(); err != nil {
		return err
	}
	var all []*item
	for _, t := range tables {
		all = append(all, b.join(t, nil)...)
	}
	v := b.view(all)
	if where != nil {
		b.gather(where.Expr, v, nil)
		b.look(where, v)
	}
	return b.tieAll()
}

// look has an expression searched for subqueries once the tables are tied.
func (b *block) look(n sqlparser.SQLNode, v *view) {
	b.exprs = append(b.exprs, viewed{n, v})
}

func (b *block) tieAll() error {
	for _, it := range b.items {
		t := it.table
		if t == nil || t.Kind != shard.Sharded {
			continue
		}
		t.sources = b.tie(t)
		if len(t.sources) == 0 {
			return &NotTiedError{
				Table: t.Name, Column: t.MemberColumn, Predicate: t.alias + "." + t.MemberColumn + " = ?",
				Where: t.where, Note: t.note, Statement: excerpt(b.a.stmt.sql),
			}
		}
	}
	return nil
}

// distinctNames refuses names that are equal under some server settings and
// not under others.
func (b *block) distinctNames() error {
	for v, mine := b.outer, b.items; ; v = v.outer {
		for _, x := range b.items {
			if !isASCII(x.name) {
				return b.a.refuse(Construct, "a table name or alias with letters beyond ASCII; use another alias")
			}
			for _, y := range mine {
				if x != y && x.name != y.name && lower(x.name) == lower(y.name) {
					return b.a.refuse(Construct, "the names "+x.name+" and "+y.name+" differ in case only; use other aliases")
				}
			}
		}
		if v == nil {
			return nil
		}
		mine = v.of.items
	}
}

// subqueries analyses what the expressions of the block contain, now that its
// tables are tied.
func (b *block) subqueries() error {
	for _, l := range b.lateral {
		if _, err := b.a.query(l.query, b.view(b.items[:l.seen]), b.ctes); err != nil {
			return err
		}
	}
	for _, e := range b.exprs {
		if err := b.a.within(e.expr, e.view, b.ctes); err != nil {
			return err
		}
	}
	return nil
}

// within analyses each subquery in an expression.
func (a *analysis) within(n sqlparser.SQLNode, v *view, ctes *cte) error {
	return sqlparser.Walk(func(n sqlparser.SQLNode) (bool, error) {
		if q, ok := n.(*sqlparser.Subquery); ok {
			_, err := a.query(q.Select, v, ctes)
			return false, err
		}
		return true, nil
	}, n)
}
