package localcluster

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/tools/mysqld"
)

// startShard starts the servers of shard i, side by side, and has the
// replicas follow the primary.
func (c *Cluster) startShard(ctx context.Context, i int) error {
	name := fmt.Sprintf("s%d", i+1)
	shard := Shard{Replicas: make([]Server, c.spec.Replicas)}
	group, starting := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		shard.Server, err = c.startServer(starting, name, c.portBefore(i, -1), false)
		return err
	})
	for r := range shard.Replicas {
		group.Go(func() (err error) {
			shard.Replicas[r], err = c.startServer(starting, fmt.Sprintf("%s-r%d", name, r+1), c.portBefore(i, r), true)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	c.record.Shards[i] = shard
	if c.before != nil {
		// The data has the database, and knows whom to replicate from.
		return nil
	}
	primary := c.Server(name)
	if err := createDatabase(ctx, primary); err != nil {
		return err
	}
	for _, r := range shard.Replicas {
		if err := c.Server(r.Name).ReplicateFrom(ctx, primary); err != nil {
			return err
		}
	}
	return nil
}

// portBefore is the port that a server had when the cluster was stopped: the
// map names it, so it has to be the same. 0 for a new cluster.
func (c *Cluster) portBefore(shard, replica int) int {
	switch {
	case c.before == nil:
		return 0
	case replica < 0:
		return c.before.Shards[shard].Port
	default:
		return c.before.Shards[shard].Replicas[replica].Port
	}
}

func (c *Cluster) startServer(ctx context.Context, name string, port int, replica bool) (Server, error) {
	opts := mysqld.Options{
		Dir:          filepath.Join(c.spec.Dir, name),
		Port:         port,
		BufferPoolMB: c.spec.BufferPoolMB,
		Durable:      !c.spec.Relaxed,
		RootPassword: c.root,
		AppPassword:  c.app,
		Log:          c.spec.Log,
	}
	if replica && c.before != nil {
		opts.Flags = []string{"--super-read-only=ON"}
	}
	s, err := mysqld.Start(ctx, opts)
	if err != nil {
		return Server{}, fmt.Errorf("start server %s: %w", name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.servers[name] = s
	return Server{
		Name:          name,
		Host:          s.Host(),
		Port:          s.Port(),
		Database:      Database,
		User:          s.App().User,
		Password:      s.App().Password,
		AdminUser:     s.Root().User,
		AdminPassword: s.Root().Password,
		PID:           s.PID(),
		DataDir:       s.DataDir(),
	}, nil
}

func createDatabase(ctx context.Context, s *mysqld.Server) error {
	db, err := sql.Open("mysql", s.DSN(s.Root(), ""))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+Database); err != nil {
		return fmt.Errorf("create the database %s on %s: %w", Database, s.Addr(), err)
	}
	return nil
}
