package instance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berthdb/berth/shard"
)

// Classification says how Classify is to look at a database.
type Classification struct {
	Shard        string            // the shard that the database is adopted as. Required.
	MemberColumn string            // the usual name of the member column. Required.
	Columns      map[string]string // by table: the member column where it has another name
	Reference    []string          // tables the user names as reference tables
	// MemberType is the type of the member ids; empty: that of most tables
	// which have a member column, integers if there are as many of both.
	MemberType shard.MemberType
}

// Proposal is what Classify takes a table for.
type Proposal struct {
	Info     TableInfo
	Table    shard.Table // zero for a view
	Problems []string    // why a table with a member column can't be sharded
	Warnings []string    // what to know of a table that can
}

// Classify proposes the kind of every table of a database that is adopted as
// one shard, and the type of its member ids.
//
// A table with a member column that can be sharded is. Anything else is
// global, on that shard: true as it stands, whatever the table is for, and
// nothing has to be copied. To make a small one a reference table means copies
// of it on the other shards, which only the user can want (Reference).
//
// A table without the usual column to whose single primary key column the
// member columns of other tables refer is the table of the members themselves:
// that key is its member column.
func Classify(tables []TableInfo, c Classification) (shard.MemberType, []Proposal) {
	k := &classifier{Classification: c, byName: map[string]*Proposal{}, list: make([]Proposal, len(tables))}
	for i, t := range tables {
		k.list[i].Info = t
		k.byName[t.Name] = &k.list[i]
	}
	for i := range k.list {
		k.propose(&k.list[i])
	}
	k.proposeMembersTable()
	if k.MemberType == "" {
		k.MemberType = k.commonType()
	}
	for i := range k.list {
		k.check(&k.list[i])
	}
	k.settleForeignKeys()
	for i := range k.list {
		k.warn(&k.list[i])
	}
	return k.MemberType, k.list
}

type classifier struct {
	Classification
	list   []Proposal
	byName map[string]*Proposal
}

func (k *classifier) propose(p *Proposal) {
	name := p.Info.Name
	switch column := k.memberColumn(p.Info); {
	case p.Info.View:
	case slices.Contains(k.Reference, name):
		p.Table = shard.Table{Name: name, Kind: shard.Reference}
	case column != "":
		p.Table = shard.Table{Name: name, Kind: shard.Sharded, MemberColumn: column, OwnKeys: p.Info.KeysHold(column)}
	default:
		p.Table = k.global(name)
	}
}

// memberColumn is the column's name as the table spells it, or empty.
func (k *classifier) memberColumn(t TableInfo) string {
	name := k.MemberColumn
	if own, ok := k.Columns[t.Name]; ok {
		name = own
	}
	if c := t.column(name); c != nil {
		return c.Name
	}
	return ""
}

func (k *classifier) global(name string) shard.Table {
	return shard.Table{Name: name, Kind: shard.Global, Shard: k.Shard}
}

func (k *classifier) proposeMembersTable() {
	for i := range k.list {
		p := &k.list[i]
		if p.Table.Kind != shard.Sharded {
			continue
		}
		for _, f := range p.Info.ForeignKeys {
			parent := k.byName[f.RefTable]
			if parent == nil || parent.Table.Kind != shard.Global || len(f.Columns) != 1 ||
				!strings.EqualFold(f.Columns[0], p.Table.MemberColumn) ||
				len(parent.Info.PrimaryKey) != 1 || !strings.EqualFold(parent.Info.PrimaryKey[0], f.RefColumns[0]) {
				continue
			}
			member := parent.Info.PrimaryKey[0]
			parent.Table = shard.Table{Name: f.RefTable, Kind: shard.Sharded, MemberColumn: member, OwnKeys: parent.Info.KeysHold(member)}
			parent.Warnings = append(parent.Warnings, fmt.Sprintf("taken for the table of the members, by its key %s, since the member column of %s refers to it",
				parent.Info.PrimaryKey[0], p.Info.Name))
		}
	}
}

// commonType is the member type that most tables could have.
func (k *classifier) commonType() shard.MemberType {
	count := map[shard.MemberType]int{}
	for _, p := range k.list {
		if p.Table.Kind == shard.Sharded {
			if t, problem := memberType(p.Info.column(p.Table.MemberColumn)); problem == "" {
				count[t]++
			}
		}
	}
	if count[shard.String] > count[shard.Integer] {
		return shard.String
	}
	return shard.Integer
}

// memberType is the type of member ids that the column holds, or why it can't
// hold any.
func memberType(c *Column) (t shard.MemberType, problem string) {
	switch c.DataType {
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		return shard.Integer, ""
	case "char", "varchar":
		if strings.HasSuffix(c.Collation, "_bin") {
			return shard.String, ""
		}
		return shard.String, fmt.Sprintf("its member column %s compares as %s does, where different ids are equal; change it to a binary collation (utf8mb4_bin)", c.Name, c.Collation)
	}
	return "", fmt.Sprintf("its member column %s is %s; member ids are integers, or CHAR or VARCHAR with a binary collation", c.Name, c.Type)
}

// check finds what in the table itself keeps it from being sharded.
func (k *classifier) check(p *Proposal) {
	if p.Table.Kind != shard.Sharded {
		return
	}
	c := p.Info.column(p.Table.MemberColumn)
	t, problem := memberType(c)
	switch {
	case problem != "":
		p.Problems = append(p.Problems, problem)
	case t != k.MemberType:
		p.Problems = append(p.Problems, fmt.Sprintf("its member column %s is %s, and the member ids of this map are of type %s", c.Name, c.Type, k.MemberType))
	}
	if c.Nullable {
		p.Problems = append(p.Problems, fmt.Sprintf("its member column %s may be NULL, and such a row has no home; make it NOT NULL", c.Name))
	}
	if c.Generated {
		p.Problems = append(p.Problems, fmt.Sprintf("its member column %s is generated, so an INSERT does not show the member", c.Name))
	}
	if len(p.Info.PrimaryKey) == 0 {
		p.Problems = append(p.Problems, "it has no primary key, by which a move finds rows again; add one")
	}
	if !strings.EqualFold(p.Info.Engine, "InnoDB") {
		p.Problems = append(p.Problems, fmt.Sprintf("its engine is %s, which has no transactions; change it to InnoDB", p.Info.Engine))
	}
	if len(p.Problems) > 0 {
		p.Table = k.global(p.Info.Name)
	}
}

// settleForeignKeys takes tables out until none that is left is tied, either
// way, to rows that would stay behind or be another member's: taking one out
// may strand the next.
func (k *classifier) settleForeignKeys() {
	for again := true; again; {
		again = false
		for i := range k.list {
			child := &k.list[i]
			for _, f := range child.Info.ForeignKeys {
				parent := k.byName[f.RefTable]
				for _, out := range k.stranded(child, f, parent) {
					out.Table = k.global(out.Info.Name)
					again = true
				}
			}
		}
	}
}

// stranded says which of the two tables of a foreign key can't be sharded
// because of it, and notes the reason.
func (k *classifier) stranded(child *Proposal, f ForeignKey, parent *Proposal) []*Proposal {
	from := child.Table.Kind == shard.Sharded
	to := parent != nil && parent.Table.Kind == shard.Sharded
	switch {
	case from && to:
		if tiesMember(child, f, parent) {
			return nil
		}
		child.Problems = append(child.Problems, fmt.Sprintf("its foreign key %s to %s does not tie the member columns, so it may refer to another member's row", f.Name, f.RefTable))
		return []*Proposal{child}
	case from && (parent == nil || parent.Table.Kind != shard.Reference):
		child.Problems = append(child.Problems, fmt.Sprintf("its foreign key %s refers to %s, which is not sharded and stays behind when a member moves", f.Name, f.RefTable))
		return []*Proposal{child}
	case to && !from:
		parent.Problems = append(parent.Problems, fmt.Sprintf("the foreign key %s of %s, which is not sharded, refers to it and would hold its rows back", f.Name, child.Info.Name))
		return []*Proposal{parent}
	}
	return nil
}

// tiesMember reports whether the foreign key makes both rows the same member's.
func tiesMember(child *Proposal, f ForeignKey, parent *Proposal) bool {
	for i, c := range f.Columns {
		if strings.EqualFold(c, child.Table.MemberColumn) && strings.EqualFold(f.RefColumns[i], parent.Table.MemberColumn) {
			return true
		}
	}
	return false
}

// warn says what will be different for a sharded table.
func (k *classifier) warn(p *Proposal) {
	if p.Table.Kind != shard.Sharded {
		// A table that is not taken needs no advice for when it is.
		p.Warnings = nil
		return
	}
	hasMember := func(columns []string) bool {
		return slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(c, p.Table.MemberColumn) })
	}
	if !hasMember(p.Info.PrimaryKey) {
		what := "values chosen on each shard by itself may collide when members move"
		for _, name := range p.Info.PrimaryKey {
			if c := p.Info.column(name); c != nil && c.AutoIncrement {
				what = "AUTO_INCREMENT counts on each shard by itself, so ids may collide when members move; give each shard its own auto_increment_offset"
			}
		}
		p.Warnings = append(p.Warnings, fmt.Sprintf("its primary key (%s) is without the member column: %s", strings.Join(p.Info.PrimaryKey, ", "), what))
	}
	for _, u := range p.Info.UniqueKeys {
		if !hasMember(u.Columns) {
			p.Warnings = append(p.Warnings, fmt.Sprintf("its unique key %s (%s) is without the member column: it will hold on each shard, not across them", u.Name, strings.Join(u.Columns, ", ")))
		}
	}
	for _, f := range p.Info.ForeignKeys {
		if f.Cascades {
			p.Warnings = append(p.Warnings, fmt.Sprintf("its foreign key %s changes rows by itself, and the binary log of most versions does not show them", f.Name))
		}
	}
	if len(p.Info.Triggers) > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("it has the trigger %s: a move refuses triggers that write to other members", strings.Join(p.Info.Triggers, ", ")))
	}
}
