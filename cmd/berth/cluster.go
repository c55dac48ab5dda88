package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"os/user"
	"time"

	"github.com/berthdb/berth/configs"
	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// cluster is what a command works on: the configuration and the store.
type cluster struct {
	cfg   *configs.Config
	store shard.Store
	log   *slog.Logger
}

// open reads the configuration and opens the store. Close it.
func (a *app) open(ctx context.Context) (*cluster, error) {
	cfg, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	c := &cluster{cfg: cfg, log: cfg.Logger(a.err)}
	if c.store, err = cfg.OpenStore(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *cluster) close() {
	if err := c.store.Close(); err != nil {
		c.log.Warn("close the store", "store", c.store.String(), "error", err)
	}
}

// storeLimit is how long a command waits for the store. A person waits; but a
// store that hangs is better told of than waited for.
const storeLimit = 10 * time.Second

// load is the current map.
func (c *cluster) load(ctx context.Context) (*shard.Map, error) {
	bounded, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	m, err := c.store.Load(bounded)
	if err == nil {
		return m, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, err // says itself what was loaded, and from where
}

// current opens the cluster and loads its map: how most commands begin.
func (a *app) current(ctx context.Context) (*cluster, *shard.Map, error) {
	c, err := a.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	m, err := c.load(ctx)
	if err != nil {
		c.close()
		return nil, nil, err
	}
	return c, m, nil
}

// repository opens a router, with the account of applications, and a
// repository on it; done closes both.
func (c *cluster) repository(ctx context.Context) (_ *router.Repository, done func(), err error) {
	cfg := c.cfg.Router(c.store, c.log)
	// What is printed is what the server says, not what Go makes of it.
	cfg.Instance.Options.ParseTime = false
	cfg.Version = version()
	r, err := router.Open(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	p := router.NewRepository(r)
	return p, func() {
		if err := errors.Join(p.Close(), r.Close()); err != nil {
			c.log.Warn("close the router", "error", err)
		}
	}, nil
}

// bare connects to a server with the account of commands and without hello:
// for servers that may be anything. An empty database selects none.
func (c *cluster) bare(address, database string) (*sql.DB, error) {
	cfg := c.cfg.Admin()
	cfg.Address, cfg.Database, cfg.WithoutHello = address, database, true
	return openServer(cfg)
}

// server connects to a server of the map with the account of commands, and
// makes sure that it is the one the map means.
func (c *cluster) server(m *shard.Map, s shard.Shard, in shard.Instance, role instance.Role) (*sql.DB, error) {
	cfg := c.cfg.Admin()
	cfg.Address, cfg.Database = in.Address, s.Database
	cfg.Expect = instance.Expect{Cluster: m.Cluster(), Shard: s.Name, UUID: in.UUID, Role: role}
	cfg.Epoch = m.Epoch
	return openServer(cfg)
}

func openServer(cfg instance.Config) (*sql.DB, error) {
	connector, err := instance.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(2)
	return db, nil
}

// author is who makes a change, for the history.
func author() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		return name
	}
	return name + "@" + host
}

// loadConfig finds and reads the configuration. With --store one is not
// needed, though without it there is no account to log in with.
func (a *app) loadConfig() (*configs.Config, error) {
	path, err := configs.Find(a.configFile)
	if err != nil {
		return nil, err
	}
	cfg := &configs.Config{}
	switch {
	case path != "":
		if cfg, err = configs.Load(path); err != nil {
			return nil, err
		}
	case a.storeURL == "":
		return nil, misuse("no configuration was found; name one with --config FILE or $BERTH_CONFIG, or write ./berth.yaml")
	}
	if a.storeURL != "" {
		cfg.Store = a.storeURL
	}
	return cfg, nil
}
