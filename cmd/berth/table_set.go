package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// tableOptions are what "berth table set" is told.
type tableOptions struct {
	kind   string
	column string
	shard  string
}

func newTableSet(a *app) *cobra.Command {
	var o tableOptions
	cmd := &cobra.Command{
		Use: "set TABLE --kind sharded|reference|global", Short: "Say of which kind a table is",
		Long: `Say of which kind a table is. Every shard is asked whether it has the table and,
for a sharded one, whether its member column is fit for it. Nothing but the map
changes: rows stay where they are.`,
		Example: `  berth table set contacts --kind sharded
  berth table set users --kind sharded --member-column id
  berth table set countries --kind reference
  berth table set invoices --kind global --shard a`,
		Args:              arguments(1, 1),
		ValidArgsFunction: a.fromMap(1, tableNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.setTable(cmd.Context(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.kind, "kind", "", "sharded, reference or global")
	f.StringVar(&o.column, "member-column", "", "`NAME` of a sharded table's member column (default: the map's)")
	f.StringVar(&o.shard, "shard", "", "`NAME` of the shard on which a global table lives")
	complete(cmd, "kind", string(shard.Sharded), string(shard.Reference), string(shard.Global))
	completeBy(cmd, "shard", a.fromMap(anyPlace, shardNames))
	a.dryRunFlag(cmd)
	return cmd
}

func (a *app) setTable(ctx context.Context, name string, o tableOptions) error {
	t := shard.Table{Name: name, Kind: shard.TableKind(o.kind), MemberColumn: o.column, Shard: o.shard}
	switch {
	case t.Kind != shard.Sharded && t.Kind != shard.Reference && t.Kind != shard.Global:
		return misuse("table set %s: write --kind sharded, --kind reference or --kind global", name)
	case t.Kind == shard.Global && o.shard == "":
		return misuse("table set %s: a global table lives on one shard; name it with --shard", name)
	case t.Kind != shard.Global && o.shard != "":
		return misuse("table set %s: --shard is for global tables", name)
	case t.Kind != shard.Sharded && o.column != "":
		return misuse("table set %s: --member-column is for sharded tables", name)
	}
	c, m, err := a.current(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if _, ok := m.Shard(o.shard); o.shard != "" && !ok {
		return noShard(m, o.shard)
	}
	if t.Kind == shard.Sharded && t.MemberColumn == "" {
		t.MemberColumn = m.Members().Column
	}
	notes, err := c.fit(ctx, m, &t)
	if err != nil {
		return err
	}
	if old, ok := m.Table(name); ok && old == t {
		fmt.Fprintf(a.err, "the map of epoch %d says so already\n", m.Epoch())
		return nil
	}
	if before, ok := m.Table(name); t.Kind == shard.Sharded || ok && before.Kind == shard.Sharded {
		if err := c.catalogueUnneeded(ctx, name); err != nil {
			return err
		}
	}
	next, err := m.SetTables(a.change("table set %s --kind %s", name, t.Kind), t)
	if err != nil {
		return err
	}
	return a.edit(ctx, c, m, next, notes...)
}

// fit asks each shard that will be used for the table whether it can be. It
// puts the table's member column into the spelling of the servers.
func (c *cluster) fit(ctx context.Context, m *shard.Map, t *shard.Table) (notes []string, err error) {
	var missing, there []string
	t.OwnKeys = t.Kind == shard.Sharded // until a shard's table shows otherwise
	for s := range m.Shards() {
		if t.Kind == shard.Global && s.Name != t.Shard {
			continue
		}
		tables, err := c.tables(ctx, m, s)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(tables, func(info instance.TableInfo) bool { return info.Name == t.Name })
		if i < 0 {
			missing = append(missing, s.Name)
			continue
		}
		there = append(there, s.Name)
		if tables[i].View {
			return nil, advise(fmt.Errorf("%s is a view on shard %s", t.Name, s.Name), "only tables are in the catalogue")
		}
		if t.Kind != shard.Sharded {
			continue
		}
		warnings, err := fitSharded(m, s, tables, t)
		if err != nil {
			return nil, err
		}
		for _, w := range warnings {
			if note := "note: " + w; !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
	}
	switch {
	case len(there) == 0:
		return nil, advise(fmt.Errorf("no shard that would have the table %s has it", t.Name), "create it first, with the account of an administrator on each server or with: berth sql --all")
	case len(missing) > 0:
		notes = append(notes, fmt.Sprintf("note: shard %s has no table %s yet: create it there, or statements about it fail", strings.Join(missing, ", "), t.Name))
	}
	return notes, nil
}

// fitSharded judges a sharded table on one shard, in the light of what the
// map says of the tables around it.
func fitSharded(m *shard.Map, s shard.Shard, tables []instance.TableInfo, t *shard.Table) ([]string, error) {
	look := instance.Classification{Shard: s.Name, MemberColumn: m.Members().Column, Columns: map[string]string{}, MemberType: m.Members().Type}
	for other := range m.Tables() {
		switch other.Kind {
		case shard.Sharded:
			look.Columns[other.Name] = other.MemberColumn
		case shard.Reference:
			look.Reference = append(look.Reference, other.Name)
		}
	}
	look.Columns[t.Name] = t.MemberColumn
	look.Reference = slices.DeleteFunc(look.Reference, func(name string) bool { return name == t.Name })
	_, proposals := instance.Classify(tables, look)
	for _, p := range proposals {
		switch {
		case p.Info.Name != t.Name:
		case len(p.Problems) > 0:
			return nil, advise(fmt.Errorf("table %s can't be sharded on shard %s: %w", t.Name, s.Name, errors.New(strings.Join(p.Problems, "; "))), "change the table, or choose another kind")
		case p.Table.Kind != shard.Sharded:
			return nil, advise(fmt.Errorf("table %s has no column %s on shard %s", t.Name, t.MemberColumn, s.Name), "name its member column with --member-column")
		default:
			t.MemberColumn, t.OwnKeys = p.Table.MemberColumn, t.OwnKeys && p.Table.OwnKeys
			return p.Warnings, nil
		}
	}
	return nil, nil
}

// tables is what a shard's primary has.
func (c *cluster) tables(ctx context.Context, m *shard.Map, s shard.Shard) ([]instance.TableInfo, error) {
	db, err := c.server(m, s, s.Primary, instance.Primary)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	tables, err := instance.Catalogue(ctx, db, s.Database)
	if err != nil {
		return nil, fmt.Errorf("shard %s: %w", s.Name, err)
	}
	return tables, nil
}
