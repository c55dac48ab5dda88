package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

func newShardAdd(a *app) *cobra.Command {
	weight := 1
	cmd := &cobra.Command{
		Use: "add NAME HOST:PORT/DATABASE", Short: "Add a shard, which owns nothing yet",
		Long: `Add a shard, which owns nothing yet. The server is checked, the database created
if it is missing and given to the shard, and the sharded tables of the catalogue
are made in it, empty, as they are on another shard.

Reference tables have to be there already, with the same rows as elsewhere:
statements that read them may be answered by any shard.`,
		Example:           "  berth shard add c 10.0.0.3:3306/app --reason \"a and b are full\"",
		Args:              arguments(2, 2),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := parseShard(args[0], args[1])
			if err != nil {
				return misuse("shard add %s %s: %w", args[0], args[1], err)
			}
			if weight < 1 {
				return misuse("--weight %d: write 1 or more", weight)
			}
			if weight > 1 {
				s.Weight = weight
			}
			return a.addShard(cmd.Context(), s)
		},
	}
	cmd.Flags().IntVar(&weight, "weight", weight, "its fair share, relative to the other shards")
	a.dryRunFlag(cmd)
	return cmd
}

func (a *app) addShard(ctx context.Context, s shard.Shard) error {
	c, m, err := a.current(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if _, ok := m.Shard(s.Name); ok {
		return advise(fmt.Errorf("the map of epoch %d has a shard %s already", m.Epoch(), s.Name), `choose another name, or see "berth shard list"`)
	}
	if err := c.refuseTaken(ctx, m, s); err != nil {
		return err
	}
	found, err := a.survey(ctx, c, []shard.Shard{s})
	if err != nil {
		return err
	}
	at := found[0]
	next, err := m.AddShard(a.change("shard add %s %s/%s", s.Name, s.Primary.Address, s.Database), at.shard)
	if err != nil {
		return err
	}
	missing, err := c.compareSchema(ctx, m, at)
	if err != nil {
		return err
	}
	p := plan{title: "add shard " + s.Name}
	if !at.exists {
		p.add("create database %s on %s (%s)", s.Database, s.Primary.Address, at.report.Version)
	}
	p.add("give database %s on %s (%s) to shard %s", s.Database, s.Primary.Address, at.report.Version, s.Name)
	for _, t := range missing {
		p.add("create table %s, empty, as on the other shards", t.Name)
	}
	p.add("map of epoch %d in %s", next.Epoch(), c.store)
	if ok, err := a.agree(ctx, p); err != nil || !ok {
		return err
	}
	var undo claims
	err = c.claimOne(ctx, m, at, &undo)
	if err == nil {
		err = c.createTables(ctx, at.shard, missing)
	}
	if err == nil {
		err = c.swap(ctx, m, next)
		if errors.Is(err, shard.ErrUnknownOutcome) {
			return advise(err, `look with "berth shard list"; if the shard is not there, run this again`)
		}
	}
	if err != nil {
		if len(missing) > 0 {
			err = fmt.Errorf("%w (tables made on %s meanwhile are empty and stay)", err, s.Primary.Address)
		}
		return undo.after(ctx, c, err)
	}
	a.warnAccount(ctx, c, next)
	return a.changed(next)
}

// refuseTaken refuses a database that another shard has. That of this shard
// was left by a command that was broken off.
func (c *cluster) refuseTaken(ctx context.Context, m *shard.Map, s shard.Shard) error {
	db, err := c.bare(s.Primary.Address, s.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	bounded, cancel := context.WithTimeout(ctx, surveyLimit)
	defer cancel()
	found, err := instance.ReadIdentity(bounded, db)
	switch {
	case errors.Is(err, instance.ErrNoIdentity), instance.IsUnknownDatabase(err):
		return nil
	case err != nil:
		return err
	case found.Cluster != m.Cluster() || found.Shard != s.Name:
		return &instance.TakenError{Want: instance.Identity{Cluster: m.Cluster(), Shard: s.Name}, Found: found}
	}
	return nil
}
