package scope

import (
	"github.com/berthdb/berth/shard"
	"vitess.io/vitess/go/vt/sqlparser"
)

// insert analyses INSERT and REPLACE. Every row must be given its member in
// the text of the statement, and every row the same one.
func (a *analysis) insert(ins *sqlparser.Insert) error {
	name, ok := ins.Table.Expr.(sqlparser.TableName)
	if !ok {
		return a.refuse(Construct, "INSERT into something that is no table")
	}
	target, err := a.use(name, "")
	if err != nil {
		return err
	}
	if target == nil {
		return a.refuse(OtherDatabase, "information_schema can't be written")
	}
	target.written = true
	target.where = "column list and VALUES"
	place := -1
	if target.Kind == shard.Sharded {
		if place, err = a.memberPlace(ins, target); err != nil {
			return err
		}
		if ins.Action == sqlparser.ReplaceAct || len(ins.OnDup) > 0 {
			if !target.OwnKeys {
				return a.refuse(OtherMembersRow, "an upsert changes whichever row has the key, and not every unique key of "+target.Name+
					" is known to hold its member column "+target.MemberColumn+", so that may be another member's; run \"berth table set "+target.Name+
					" --kind sharded\" to have the keys looked at, or use INSERT and UPDATE")
			}
			a.upserts = true
		}
	}
	if err := a.rows(ins, target, place); err != nil {
		return err
	}
	for _, u := range ins.OnDup {
		if target.Kind == shard.Sharded && mayBe(u.Name.Name.String(), target.MemberColumn) {
			return a.refuse(MemberChange, "ON DUPLICATE KEY UPDATE assigns "+target.Name+"."+target.MemberColumn+", which would give the row to another member; take it out")
		}
		if err := a.within(u.Expr, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// memberPlace is the member column's place in the column list.
func (a *analysis) memberPlace(ins *sqlparser.Insert, target *table) (int, error) {
	for i, c := range ins.Columns {
		if target.isMemberColumn(c.String()) {
			return i, nil
		}
	}
	note := ""
	if len(ins.Columns) == 0 {
		note = "the INSERT has no column list"
	}
	return 0, a.notInserted(target, note)
}

func (a *analysis) notInserted(target *table, note string) error {
	return &NotTiedError{
		Table: target.Name, Column: target.MemberColumn, Predicate: target.MemberColumn,
		Where: target.where, Note: note, Statement: excerpt(a.stmt.sql),
	}
}

// rows reads VALUES or SELECT. place is the member column's, or -1 when the
// table has none.
func (a *analysis) rows(ins *sqlparser.Insert, target *table, place int) error {
	switch rows := ins.Rows.(type) {
	case sqlparser.Values:
		for _, row := range rows {
			if err := a.row(row, target, place); err != nil {
				return err
			}
		}
		return a.within(rows, nil, nil)
	case sqlparser.TableStatement:
		out, err := a.query(rows, nil, nil)
		if err != nil || place < 0 {
			return err
		}
		if out.star || place >= len(out.columns) {
			return a.notInserted(target, "the SELECT has a *, or another number of columns")
		}
		c := out.columns[place]
		switch {
		case len(c.sources) == 0:
			return a.notInserted(target, "the SELECT must give it a parameter, a plain literal, or the member column of a table that is tied")
		case c.nullable:
			return a.notInserted(target, "the SELECT can give it NULL: by an outer join, an aggregate without GROUP BY, ROLLUP, or out of a derived table")
		}
		target.sources = c.sources
		return nil
	}
	return a.refuse(Construct, "INSERT with rows of a kind the guard does not know")
}

func (a *analysis) row(row sqlparser.ValTuple, target *table, place int) error {
	if place < 0 {
		return nil
	}
	if place >= len(row) {
		return a.notInserted(target, "a row has fewer values than columns")
	}
	s, ok, err := a.sourceOf(row[place])
	if err != nil {
		return err
	}
	if !ok {
		return a.notInserted(target, "each row must give it a parameter or a plain literal")
	}
	target.sources = appendSource(target.sources, s)
	return nil
}

// appendSource keeps a list of sources without repetitions: a bulk insert has
// thousands of rows and one member.
func appendSource(list []source, s source) []source {
	if n := len(list); n > 0 && s.param == 0 && list[n-1] == s {
		return list
	}
	return append(list, s)
}

// mayBe reports whether the server could take a name for the column. It
// compares names without regard to case, by a rule of its own beyond ASCII; so
// there everything may be.
func mayBe(name, column string) bool {
	return lower(name) == lower(column) || !isASCII(name) || !isASCII(column)
}
