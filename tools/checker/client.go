package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/router"
	_ "github.com/berthdb/berth/router/driver" // the name "berth"
	"github.com/berthdb/berth/tools/checker/control"
	"github.com/berthdb/berth/tools/checker/history"
	"github.com/berthdb/berth/tools/checker/stage"
	"github.com/berthdb/berth/tools/checker/workload"
)

// client is a process of clients, half of them on a Repository and half on
// database/sql with the driver.
type client struct {
	child
	clients, first, members int
	seed                    uint64
	cache                   string

	load  *workload.Load
	round int64
	stop  context.CancelFunc
	ended chan error // of the round that runs
}

func newClient() *cobra.Command {
	c := &client{}
	cmd := &cobra.Command{
		Use: "client", Short: "A process of clients and their routers; started by run", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	c.flags(cmd)
	f := cmd.Flags()
	f.IntVar(&c.clients, "clients", 8, "how many")
	f.IntVar(&c.first, "first", 0, "the number of the first")
	f.IntVar(&c.members, "members", 40, "how many, numbered from 1")
	f.Uint64Var(&c.seed, "seed", 1, "of their choices")
	f.StringVar(&c.cache, "cache", "", "file for the last good map")
	return cmd
}

func (c *client) run(ctx context.Context) (err error) {
	store, err := c.store()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	r, err := router.Open(ctx, router.Config{Store: store, Instance: c.instance(), Name: c.name, CacheFile: c.cache, Log: c.log()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	repo := router.NewRepository(r)
	defer func() { err = errors.Join(err, repo.Close()) }()
	dsn, err := c.dsn()
	if err != nil {
		return err
	}
	db, err := sql.Open("berth", dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("reach the shards through the driver: %w", err)
	}
	members := make([]int64, c.members)
	for i := range members {
		members[i] = int64(i + 1)
	}
	c.load, err = workload.New(workload.Config{
		Ways:    []workload.Way{workload.Through(repo), func(int64) workload.Database { return db }},
		Clients: c.clients, First: c.first, Members: members, Seed: c.seed,
	})
	if err != nil {
		return err
	}
	err = c.serve(ctx, func(o control.Order) error {
		switch {
		case o.Begin:
			return c.begin(ctx, o)
		case o.End:
			return c.end()
		}
		return fmt.Errorf("an order that says nothing: %+v", o)
	})
	return errors.Join(err, c.end())
}

// dsn is the driver's data source name: the store, and a configuration with the
// account and the place of the last good map.
func (c *client) dsn() (string, error) {
	path := filepath.Join(c.dir, "berth.yaml")
	text := fmt.Sprintf("mysql: {user: %q, password_env: %s}\nrouter: {name: %q, cache_dir: %q}\n",
		c.user, stage.PasswordVariable, c.name, filepath.Dir(c.cache))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", err
	}
	return "consul://" + c.consul + "/" + c.prefix + "?" + url.Values{"config": {path}}.Encode(), nil
}

func (c *client) begin(ctx context.Context, o control.Order) error {
	if c.stop != nil {
		return fmt.Errorf("round %d has not ended", c.round)
	}
	w, err := history.Create(o.File)
	if err != nil {
		return err
	}
	ctx, c.stop = context.WithCancel(ctx)
	c.round, c.ended = o.Round, make(chan error, 1)
	go func() {
		c.load.Run(ctx, o.Round, w)
		c.ended <- w.Close()
	}()
	return nil
}

// end ends the round that runs, if one does, and waits for its last answers.
func (c *client) end() error {
	if c.stop == nil {
		return nil
	}
	c.stop()
	c.stop = nil
	return <-c.ended
}
