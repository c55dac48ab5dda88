package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/mysqld"
)

// The places of the two shards.
const (
	s1 = iota // where everything is at first
	s2        // empty
)

// cluster is two shards and a real Consul with the map.
type cluster struct {
	servers [2]*mysqld.Server
	admin   [2]*sql.DB
	agent   *consulagent.Agent
	store   shard.Store
	jobs    *move.Jobs
	ranges  []shard.Range
}

const (
	clusterName  = "bench"
	databaseName = "bench"
)

// newCluster starts the servers and gives all of the ranges to s1.
func newCluster(ctx context.Context, o moveOptions, ranges int) (_ *cluster, err error) {
	c := &cluster{ranges: shard.Deal(ranges)}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	g, gctx := errgroup.WithContext(ctx)
	for i := range c.servers {
		g.Go(func() (err error) { return c.startServer(gctx, i, o) })
	}
	g.Go(func() (err error) {
		c.agent, err = consulagent.Start(gctx, consulagent.Options{})
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if c.store, err = c.openStore(); err != nil {
		return nil, err
	}
	c.jobs = move.NewJobs(c.store)
	return c, c.firstMap(ctx)
}

// memory of a server in MiB, of the buffer pool and of the redo log each: all
// of the table fits, as a shard's hot rows should.
func (o moveOptions) memory() int { return 128 + o.rows/1000 }

func (c *cluster) startServer(ctx context.Context, i int, o moveOptions) (err error) {
	s, err := mysqld.Start(ctx, mysqld.Options{BufferPoolMB: o.memory(), RedoLogMB: o.memory(), Durable: !o.relaxed})
	if err != nil {
		return err
	}
	c.servers[i] = s
	root, err := sql.Open("mysql", s.DSN(s.Root(), ""))
	if err != nil {
		return err
	}
	defer root.Close()
	if _, err := root.ExecContext(ctx, "CREATE DATABASE "+databaseName); err != nil {
		return err
	}
	cfg := s.Config(s.Root(), databaseName)
	cfg.Logger = log.New(io.Discard, "", 0) // cutovers end these sessions
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return err
	}
	c.admin[i] = sql.OpenDB(connector)
	c.admin[i].SetMaxIdleConns(0)
	if _, err := c.admin[i].ExecContext(ctx, contactsTable); err != nil {
		return err
	}
	return instance.Identify(ctx, c.admin[i], instance.Identity{Cluster: clusterName, Shard: shardName(i), CreatedBy: "bench"})
}

func shardName(i int) string { return fmt.Sprintf("s%d", i+1) }

func (c *cluster) openStore() (shard.Store, error) {
	return consul.Open(consul.Config{Address: c.agent.Addr(), Prefix: "berth"})
}

func (c *cluster) firstMap(ctx context.Context) error {
	doc := shard.Document{
		Format: shard.Format, Cluster: clusterName, Epoch: 1, Change: shard.Change{Author: "bench", Action: "init", Time: time.Now()},
		Members: shard.Members{Type: shard.Integer, Column: "member_id"},
		Tables:  []shard.Table{{Name: "contacts", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true}},
	}
	for i, s := range c.servers {
		var uuid string
		if err := c.admin[i].QueryRowContext(ctx, "SELECT @@server_uuid").Scan(&uuid); err != nil {
			return err
		}
		doc.Shards = append(doc.Shards, shard.Shard{Name: shardName(i), Database: databaseName, Primary: shard.Instance{Address: s.Addr(), UUID: uuid}})
	}
	for _, r := range c.ranges {
		doc.Ranges = append(doc.Ranges, shard.Entry{Span: shard.Span{Range: r}, Shard: shardName(s1)})
	}
	m, err := shard.New(doc)
	if err != nil {
		return err
	}
	return c.store.Swap(ctx, nil, m)
}

// router opens one with a store of its own, as another process would have.
func (c *cluster) router(ctx context.Context, name string) (*router.Router, func() error, error) {
	store, err := c.openStore()
	if err != nil {
		return nil, nil, err
	}
	app := c.servers[s1].App()
	r, err := router.Open(ctx, router.Config{
		Store: store, Name: name, Instance: instance.Config{User: app.User, Password: instance.Literal(app.Password)},
	})
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return r, func() error { return errors.Join(r.Close(), store.Close()) }, nil
}

// empty takes all rows from a server, and the binlogs that nobody will read.
func (c *cluster) empty(ctx context.Context, i int) error {
	if _, err := c.admin[i].ExecContext(ctx, "TRUNCATE TABLE contacts"); err != nil {
		return err
	}
	return c.purge(ctx, i)
}

// purge removes the server's finished binlogs.
func (c *cluster) purge(ctx context.Context, i int) error {
	if _, err := c.admin[i].ExecContext(ctx, "FLUSH BINARY LOGS"); err != nil {
		return err
	}
	_, err := c.admin[i].ExecContext(ctx, "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY")
	return err
}

func (c *cluster) count(ctx context.Context, i int) (n int64, err error) {
	err = c.admin[i].QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts").Scan(&n)
	return n, err
}

func (c *cluster) version() string { return c.servers[s1].Version().String() }

func (c *cluster) close() error {
	var errs []error
	if c.store != nil {
		errs = append(errs, c.store.Close())
	}
	for i, s := range c.servers {
		if c.admin[i] != nil {
			errs = append(errs, c.admin[i].Close())
		}
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	if c.agent != nil {
		errs = append(errs, c.agent.Close())
	}
	return errors.Join(errs...)
}
