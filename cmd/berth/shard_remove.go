package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/instance"
)

func newShardRemove(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove NAME", Short: "Take out a shard that owns nothing",
		Long:              "Take out a shard that owns nothing, and take its identity off its server. Its tables stay, for you to drop.",
		Example:           "  berth shard remove c",
		Args:              arguments(1, 1),
		ValidArgsFunction: a.fromMap(1, shardNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.removeShard(cmd.Context(), args[0])
		},
	}
	a.dryRunFlag(cmd)
	return cmd
}

func (a *app) removeShard(ctx context.Context, name string) error {
	c, m, err := a.current(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	s, ok := m.Shard(name)
	if !ok {
		return noShard(m, name)
	}
	next, err := m.RemoveShard(a.change("shard remove %s", name), name)
	if err != nil {
		return advise(err, `see what it owns with "berth map show"`)
	}
	if err := c.shardUnneeded(ctx, name); err != nil {
		return err
	}
	p := plan{title: "remove shard " + name}
	p.add("take it out of the map (epoch %d in %s)", next.Epoch(), c.store)
	p.add("take its identity off database %s on %s; the tables there stay", s.Database, s.Primary.Address)
	if ok, err := a.agree(ctx, p); err != nil || !ok {
		return err
	}
	// The map first: a shard of the map whose server has no identity is an
	// alarm, a server with the identity of a shard that is gone is litter.
	if err := c.swap(ctx, m, next); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	db, err := c.bare(s.Primary.Address, s.Database)
	if err == nil {
		err = instance.Forget(bounded, db, instance.Identity{Cluster: m.Cluster(), Shard: name})
		db.Close()
	}
	if err != nil {
		return advise(fmt.Errorf("shard %s is out of the map (epoch %d), but its identity is still on %s: %w", name, next.Epoch(), s.Primary.Address, err),
			"before the database is used again, run \"DELETE FROM _berth.identity WHERE database_name = '%s'\" there", s.Database)
	}
	return a.changed(next)
}
