package move

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Config is what plans and workers need.
type Config struct {
	Store shard.Store // required

	// Instance is the account of moves and how it connects: it needs the
	// privileges that `berth shard add` asks for. Address, Database, Expect,
	// Epoch, Incarnation and Router are filled in for each server.
	Instance instance.Config

	Name   string       // of this worker, for people; empty: host and process id
	Logger *slog.Logger // nil: discard

	limits limits
}

func (c Config) check() (Config, error) {
	if c.Store == nil {
		return c, errors.New("move: Config.Store is required")
	}
	if c.Name == "" {
		host, _ := os.Hostname()
		c.Name = fmt.Sprintf("%s/%d", host, os.Getpid())
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.limits = c.limits.withDefaults()
	return c, nil
}

// moverName begins the names of the mover's sessions on servers.
const moverName = "berth mover "

// server is one shard's primary, as the mover uses it.
type server struct {
	shard shard.Shard
	conn  *instance.Connector
	db    *sql.DB
	cfg   instance.Config
}

// open prepares the way to the shard's primary; it dials nothing yet.
func (c Config) open(m *shard.Map, name, incarnation string) (*server, error) {
	s, ok := m.Shard(name)
	if !ok {
		return nil, fmt.Errorf("the map of epoch %d has no shard %q; see `berth shard list`", m.Epoch(), name)
	}
	cfg := c.Instance
	cfg.Address, cfg.Database = s.Primary.Address, s.Database
	cfg.Expect = instance.Expect{Cluster: m.Cluster(), Shard: name, UUID: s.Primary.UUID}
	cfg.Epoch, cfg.WithoutHello = nil, false
	cfg.Incarnation, cfg.Router = incarnation, moverName+c.Name
	// Only the rows themselves are locked, so that lanes, copiers and cleaners
	// don't stand in each other's way.
	cfg.Options = instance.Options{MaxAllowedPacket: 64 << 20, Session: map[string]string{"transaction_isolation": "'READ-COMMITTED'"}}
	cfg.Logger = c.Logger
	conn, err := instance.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("shard %s: %w", name, err)
	}
	db := sql.OpenDB(conn)
	db.SetMaxIdleConns(8)
	db.SetConnMaxIdleTime(time.Minute)
	return &server{shard: s, conn: conn, db: db, cfg: cfg}, nil
}

// replicas opens the shard's replicas, for their lag.
func (c Config) replicas(m *shard.Map, s shard.Shard) ([]*sql.DB, error) {
	var dbs []*sql.DB
	for _, r := range s.Replicas {
		cfg := c.Instance
		cfg.Address, cfg.Database = r.Address, s.Database
		cfg.Expect = instance.Expect{Cluster: m.Cluster(), Shard: s.Name, UUID: r.UUID, Role: instance.Replica}
		cfg.Epoch, cfg.WithoutHello, cfg.Logger = nil, false, c.Logger
		conn, err := instance.NewConnector(cfg)
		if err != nil {
			return nil, fmt.Errorf("replica %s of shard %s: %w", r.Address, s.Name, err)
		}
		db := sql.OpenDB(conn)
		db.SetMaxOpenConns(1)
		dbs = append(dbs, db)
	}
	return dbs, nil
}

func (s *server) close() { _ = s.db.Close() }

// executed is the server's executed GTID set, as text.
func executed(ctx context.Context, db instance.DB) (set string, err error) {
	err = db.QueryRowContext(ctx, "SELECT @@GLOBAL.gtid_executed").Scan(&set)
	return set, err
}

// replicas opens the replicas of both shards, for their lag.
func (r *run) replicas(m *shard.Map) (dbs []*sql.DB, err error) {
	for _, s := range []*server{r.from, r.to} {
		more, err := r.worker.cfg.replicas(m, s.shard)
		dbs = append(dbs, more...)
		if err != nil {
			closeAll(dbs)
			return nil, err
		}
	}
	return dbs, nil
}

func closeAll(dbs []*sql.DB) {
	for _, db := range dbs {
		_ = db.Close()
	}
}
