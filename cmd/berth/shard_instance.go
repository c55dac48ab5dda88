package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

func newShardInstance(a *app) *cobra.Command {
	return group("instance", "A shard's servers beside its primary", "",
		"  berth shard instance add a 10.0.0.4:3306\n  berth shard instance remove a 10.0.0.4:3306",
		newInstanceAdd(a), newInstanceRemove(a))
}

func newInstanceAdd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "add SHARD HOST:PORT", Short: "Add a replica to a shard",
		Long: `Add a replica to a shard. It must replicate from the shard's primary already, by
which it has the shard's identity.`,
		Example:           "  berth shard instance add a 10.0.0.4:3306",
		Args:              arguments(2, 2),
		ValidArgsFunction: a.fromMap(1, shardNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := shard.CheckAddress(args[1]); err != nil {
				return usageError{err}
			}
			return a.addInstance(cmd.Context(), args[0], args[1])
		},
	}
	a.dryRunFlag(cmd)
	return cmd
}

func (a *app) addInstance(ctx context.Context, name, address string) error {
	c, m, err := a.current(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	s, ok := m.Shard(name)
	if !ok {
		return noShard(m, name)
	}
	replica := shard.Instance{Address: address}
	bounded, cancel := context.WithTimeout(ctx, surveyLimit)
	defer cancel()
	db, err := c.server(m, s, replica, instance.Replica)
	if err != nil {
		return err
	}
	defer db.Close()
	r, err := instance.Inspect(bounded, db, instance.Replica)
	switch {
	case instance.IsUnknownDatabase(err), errors.Is(err, instance.ErrNoIdentity):
		return advise(fmt.Errorf("server %s does not have the data of shard %s: %w", address, name, err), "make it a replica of %s, and wait until it has caught up", s.Primary.Address)
	case err != nil:
		return err
	}
	replica.UUID = r.UUID
	for _, in := range append([]shard.Instance{s.Primary}, s.Replicas...) {
		if in.UUID == replica.UUID {
			return advise(fmt.Errorf("%s is the server %s of shard %s already", address, in.Address, name), "name another server")
		}
	}
	lag, err := instance.Lag(bounded, db)
	if err != nil {
		return advise(fmt.Errorf("server %s: %w", address, err), "make it a replica of %s first (CHANGE REPLICATION SOURCE TO ..., START REPLICA)", s.Primary.Address)
	}
	for _, f := range r.Findings {
		if f.Severity != instance.Note {
			fmt.Fprintf(a.err, "%s: %s\n", address, f)
		}
	}
	if len(r.Blocking()) > 0 {
		return advise(fmt.Errorf("server %s can't be used as it is, and nothing was changed", address), "correct what is marked as error above, and run this again")
	}
	note := fmt.Sprintf("it replicates from %s and is %s behind", lag.Source, lag.Lag)
	if !lag.Known {
		note = fmt.Sprintf("note: it stands still (from %s) %s", lag.Source, lag.Err)
	}
	s.Replicas = append(slices.Clone(s.Replicas), replica)
	next, err := m.SetShard(a.change("shard instance add %s %s", name, address), s)
	if err != nil {
		return err
	}
	return a.edit(ctx, c, m, next, note)
}

func newInstanceRemove(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove SHARD HOST:PORT", Short: "Take a replica out of a shard",
		Long:              "Take a replica out of a shard. The server itself is left alone, and need not answer.",
		Example:           "  berth shard instance remove a 10.0.0.4:3306",
		Args:              arguments(2, 2),
		ValidArgsFunction: a.fromMap(1, shardNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.removeInstance(cmd.Context(), args[0], args[1])
		},
	}
	a.dryRunFlag(cmd)
	return cmd
}

func (a *app) removeInstance(ctx context.Context, name, address string) error {
	c, m, err := a.current(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	s, ok := m.Shard(name)
	if !ok {
		return noShard(m, name)
	}
	if address == s.Primary.Address {
		return advise(fmt.Errorf("%s is the primary of shard %s, which can't be without one", address, name), `to take the whole shard out, run "berth shard remove %s"`, name)
	}
	i := slices.IndexFunc(s.Replicas, func(in shard.Instance) bool { return in.Address == address })
	if i < 0 {
		return advise(fmt.Errorf("shard %s has no replica %s", name, address), `see which it has with "berth shard list"`)
	}
	s.Replicas = slices.Delete(slices.Clone(s.Replicas), i, i+1)
	next, err := m.SetShard(a.change("shard instance remove %s %s", name, address), s)
	if err != nil {
		return err
	}
	return a.edit(ctx, c, m, next)
}
