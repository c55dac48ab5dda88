package scope

import (
	"github.com/berthdb/berth/shard"
	"vitess.io/vitess/go/vt/sqlparser"
)

// update analyses UPDATE of one or several tables.
func (a *analysis) update(u *sqlparser.Update) error {
	b, err := a.writeBlock(u.With, u.TableExprs, u.Where)
	if err != nil {
		return err
	}
	v := b.view(b.items)
	for _, set := range u.Exprs {
		if err := b.assign(set.Name); err != nil {
			return err
		}
		b.look(set.Expr, v)
	}
	b.look(u.OrderBy, v)
	b.look(u.Limit, v)
	return b.subqueries()
}

// assign notes which table SET writes. Without a qualifier it can be any.
func (b *block) assign(c *sqlparser.ColName) error {
	if c.Qualifier.Qualifier.NotEmpty() {
		return b.a.refuse(OtherDatabase, "SET names a column with its database; name the table alone")
	}
	name, found := c.Qualifier.Name.String(), false
	for _, it := range b.items {
		if name != "" && name != it.name {
			continue
		}
		found = true
		if it.table == nil {
			if name != "" || len(b.items) == 1 {
				return b.a.refuse(Construct, "UPDATE of something that is no table of the catalogue")
			}
			continue // a result can't be updated: the server takes the column for a table's
		}
		it.table.written = true
		if it.table.Kind == shard.Sharded && mayBe(c.Name.String(), it.table.MemberColumn) {
			return b.a.refuse(MemberChange, "SET assigns "+it.table.Name+"."+it.table.MemberColumn+", which would give the row to another member; take it out")
		}
	}
	if !found {
		return b.a.refuse(Construct, "SET names table "+name+", which the UPDATE does not have")
	}
	return nil
}

// delete analyses DELETE from one or several tables.
func (a *analysis) delete(d *sqlparser.Delete) error {
	b, err := a.writeBlock(d.With, d.TableExprs, d.Where)
	if err != nil {
		return err
	}
	if len(d.Targets) == 0 {
		for _, it := range b.items {
			if it.table == nil {
				return a.refuse(Construct, "DELETE from something that is no table of the catalogue")
			}
			it.table.written = true
		}
	}
	for _, t := range d.Targets {
		if err := b.target(t); err != nil {
			return err
		}
	}
	v := b.view(b.items)
	b.look(d.OrderBy, v)
	b.look(d.Limit, v)
	return b.subqueries()
}

func (b *block) target(name sqlparser.TableName) error {
	if name.Qualifier.NotEmpty() {
		return b.a.refuse(OtherDatabase, "DELETE names a table with its database; name the table alone")
	}
	for _, it := range b.items {
		if it.name == name.Name.String() && it.table != nil {
			it.table.written = true
			return nil
		}
	}
	return b.a.refuse(Construct, "DELETE names "+name.Name.String()+", which is no table or alias in its FROM")
}

// writeBlock reads the tables and conditions of an UPDATE or DELETE.
func (a *analysis) writeBlock(with *sqlparser.With, tables []sqlparser.TableExpr, where *sqlparser.Where) (*block, error) {
	ctes, err := a.with(with, nil, nil)
	if err != nil {
		return nil, err
	}
	b := a.newBlock(nil, ctes, "WHERE")
	return b, b.from(tables, where)
}
