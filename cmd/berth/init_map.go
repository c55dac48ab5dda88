package main

import (
	"fmt"
	"strings"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// firstMap is the map that init proposes, and, on adoption, what it takes the
// tables for.
func (a *app) firstMap(o initOptions, found []*survey, cluster string) (*shard.Map, []instance.Proposal, error) {
	members := shard.Members{Type: shard.MemberType(o.memberType), Column: o.memberColumn}
	var tables []shard.Table
	var proposals []instance.Proposal
	if len(found) == 1 {
		members.Type, proposals = instance.Classify(found[0].tables, instance.Classification{
			Shard: found[0].shard.Name, MemberColumn: o.memberColumn, Columns: o.columns, Reference: o.reference, MemberType: members.Type,
		})
		if err := o.checkNames(proposals); err != nil {
			return nil, nil, err
		}
		for _, p := range proposals {
			if p.Table.Name != "" {
				tables = append(tables, p.Table)
			}
		}
	} else if err := refuseTables(found); err != nil {
		return nil, nil, err
	}
	if members.Type == "" {
		members.Type = shard.Integer
	}
	doc := shard.Document{
		Format: shard.Format, Cluster: cluster, Epoch: 1, Members: members,
		Change: a.change("init: %s", strings.Join(o.shards, " ")),
		Tables: append(tables, shard.Table{Name: router.CursorTable, Kind: shard.Sharded, MemberColumn: members.Column, OwnKeys: true}),
	}
	for i, r := range shard.Deal(len(found)) {
		doc.Shards = append(doc.Shards, found[i].shard)
		doc.Ranges = append(doc.Ranges, shard.Entry{Span: shard.Span{Range: r}, Shard: found[i].shard.Name})
	}
	m, err := shard.New(doc)
	return m, proposals, err
}

// checkNames refuses flags about tables that are not there.
func (o *initOptions) checkNames(proposals []instance.Proposal) error {
	there := map[string]bool{}
	for _, p := range proposals {
		there[p.Info.Name] = true
	}
	for _, name := range o.reference {
		if !there[name] {
			return misuse("--reference %s: the database has no table of that name", name)
		}
	}
	for name := range o.columns {
		if !there[name] {
			return misuse("--column %s=%s: the database has no table of that name", name, o.columns[name])
		}
	}
	return nil
}

// refuseTables: data that is there already would be dealt out anew by several
// shards' ranges, and most rows would be on the wrong one.
func refuseTables(found []*survey) error {
	for _, s := range found {
		if len(s.tables) > 0 {
			return advise(fmt.Errorf("database %s on %s, for shard %s, has %s already (%s), and with several shards all must be empty",
				s.shard.Database, s.shard.Primary.Address, s.shard.Name, count(len(s.tables), "table"), s.tables[0].Name),
				"adopt that one as the only shard, add the others with \"berth shard add\", and split it")
		}
	}
	return nil
}

// firstPlan is what init is about to do.
func firstPlan(c *cluster, m *shard.Map, found []*survey, proposals []instance.Proposal) plan {
	p := plan{title: fmt.Sprintf("first map of %s in %s", count(len(found), "shard"), c.store)}
	for i, s := range found {
		do := "give it to shard " + s.shard.Name
		if !s.exists {
			do = "create it and " + do
		}
		p.add("database %s on %s (%s): %s", s.shard.Database, s.shard.Primary.Address, s.report.Version, do)
		p.add("range %s (%s of the keyspace) on shard %s", m.Entry(i).Span, percent(m.Entry(i).Span.Range.Size()), s.shard.Name)
	}
	p.add("member ids: %s, in the column %s", m.Members().Type, m.Members().Column)
	if len(proposals) > 0 {
		p.add("tables, as they are:")
	}
	for _, t := range proposals {
		p.steps = append(p.steps, proposalLines(t)...)
	}
	p.add("table %s for sync cursors, on each shard", router.CursorTable)
	return p
}

// proposalLines says what a table is taken for, and why not for more.
func proposalLines(p instance.Proposal) []string {
	var lines []string
	switch p.Table.Kind {
	case shard.Sharded:
		lines = append(lines, fmt.Sprintf("  %s: sharded by %s", p.Info.Name, p.Table.MemberColumn))
	case shard.Reference:
		lines = append(lines, fmt.Sprintf("  %s: reference", p.Info.Name))
	case shard.Global:
		lines = append(lines, fmt.Sprintf("  %s: global, on shard %s", p.Info.Name, p.Table.Shard))
	default:
		lines = append(lines, fmt.Sprintf("  %s: a view, not in the catalogue", p.Info.Name))
	}
	for _, problem := range p.Problems {
		lines = append(lines, "    can't be sharded: "+problem)
	}
	for _, warning := range p.Warnings {
		lines = append(lines, "    note: "+warning)
	}
	return lines
}
