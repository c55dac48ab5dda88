package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

func newMapRestore(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore [FILE]", Short: "Put a map back into a store that lost it",
		Long: `Put a map back into a store that lost it: from a file that berth map export
wrote (- for standard input), or, without one, from the map that this machine
has cached. It must be the newest map there was. The servers are asked: one that
was fenced for a later epoch than the file's proves that it is not.

A store that has a map, whatever it is, is left alone.`,
		Example: "  berth map restore --reason \"Consul lost its data\"\n  berth map restore map.json",
		Args:    arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.restore(cmd.Context(), args)
		},
	}
	a.dryRunFlag(cmd)
	return cmd
}

func (a *app) restore(ctx context.Context, args []string) error {
	c, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	m, from, err := a.readMap(c, args)
	if err != nil {
		return err
	}
	switch stored, err := c.load(ctx); {
	case errors.Is(err, shard.ErrNoMap):
	case err != nil:
		return advise(err, "if the stored map is corrupt, delete it from the store first")
	case stored.Digest() == m.Digest():
		fmt.Fprintf(a.err, "%s has this very map already, epoch %d\n", c.store, m.Epoch())
		return nil
	default:
		return advise(fmt.Errorf("%s has another map, of epoch %d (%s has epoch %d)", c.store, stored.Epoch(), from, m.Epoch()),
			"if that one is older, or another cluster's, delete it from the store first")
	}
	if err := c.checkFences(ctx, m); err != nil {
		return err
	}
	if err := c.checkJobs(ctx, m); err != nil {
		return err
	}
	p := plan{title: fmt.Sprintf("put the map of %s back into %s", from, c.store)}
	p.add("epoch %d, made by %s at %s: %s", m.Epoch(), m.Change().Author, moment(m.Change().Time), m.Change().Action)
	p.add("%s, %s, %s", count(m.Len()-m.Pins(), "range"), count(m.Pins(), "pin"), count(len(shardNames(m)), "shard"))
	if ok, err := a.agree(ctx, p); err != nil || !ok {
		return err
	}
	if err := c.swap(ctx, nil, m); err != nil {
		return err
	}
	return a.changed(m)
}

// readMap reads the map to put back, and says where from.
func (a *app) readMap(c *cluster, args []string) (m *shard.Map, from string, err error) {
	var b []byte
	switch {
	case len(args) == 0:
		from = c.cfg.CacheFile()
		if from == "" {
			return nil, "", misuse("no map is cached on this machine, by its configuration: name a file")
		}
		b, err = os.ReadFile(from)
	case args[0] == "-":
		from = "standard input"
		b, err = io.ReadAll(io.LimitReader(a.in, 64<<20))
	default:
		from = args[0]
		b, err = os.ReadFile(from)
	}
	if err == nil {
		m, err = shard.Decode(b)
	}
	if err != nil {
		return nil, "", advise(fmt.Errorf("read the map of %s: %w", from, err), "name a file that berth map export wrote, or the cached map of another machine")
	}
	return m, from, nil
}

// checkFences refuses a map that is older than what its servers have seen.
func (c *cluster) checkFences(ctx context.Context, m *shard.Map) error {
	for s := range m.Shards() {
		db, err := c.server(m, s, s.Primary, instance.Primary)
		if err != nil {
			return err
		}
		fence, err := instance.ReadFence(ctx, db)
		db.Close()
		if err != nil {
			return fmt.Errorf("shard %s: %w", s.Name, err)
		}
		for _, f := range fence {
			if f.MinEpoch > m.Epoch() {
				return advise(fmt.Errorf("shard %s was fenced for epoch %d (%s), so the map of epoch %d is not the newest there was", s.Name, f.MinEpoch, f.Span, m.Epoch()),
					"look for a newer one in the caches of other machines")
			}
		}
	}
	return nil
}

// checkJobs refuses a map that is older than what the jobs in the store have
// done: one of them has moved a span since.
func (c *cluster) checkJobs(ctx context.Context, m *shard.Map) error {
	jobs, err := c.unfinished(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		span, err := j.Span()
		if err != nil {
			return err
		}
		e, ok := m.Find(span)
		if !j.Switched.IsZero() && (!ok || e.Shard != j.To) {
			return advise(fmt.Errorf("job %s has moved %s to shard %s at %s, and by the map of epoch %d it is not there, so that is not the newest there was",
				j.ID, j.Subject(), j.To, moment(j.Switched), m.Epoch()), "look for a newer one in the caches of other machines")
		}
	}
	return nil
}
