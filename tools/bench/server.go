package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/file"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/mysqld"
)

const (
	members   = 2000
	perMember = 50
)

// target is a MySQL server with the table that is read and written, and a map
// that makes it the one shard.
type target struct {
	server *mysqld.Server
	store  *file.Store
	dir    string
}

func newTarget(ctx context.Context) (_ *target, err error) {
	t := &target{}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	if t.server, err = mysqld.Start(ctx, mysqld.Options{BufferPoolMB: 256}); err != nil {
		return nil, err
	}
	if t.dir, err = os.MkdirTemp("", "berth-bench-"); err != nil {
		return nil, err
	}
	if t.store, err = file.Open(file.Config{Dir: t.dir + "/map"}); err != nil {
		return nil, err
	}
	root, err := sql.Open("mysql", t.server.DSN(t.server.Root(), ""))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if _, err := root.ExecContext(ctx, "CREATE DATABASE bench"); err != nil {
		return nil, err
	}
	admin, err := sql.Open("mysql", t.server.DSN(t.server.Root(), "bench"))
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	return t, t.fill(ctx, admin)
}

// fill makes the table of 283-byte rows, the identity, and the map.
func (t *target) fill(ctx context.Context, admin *sql.DB) error {
	const table = "CREATE TABLE contacts (member_id BIGINT NOT NULL, id BIGINT NOT NULL, name VARCHAR(100) NOT NULL," +
		" email VARCHAR(100) NOT NULL, body VARCHAR(255) NOT NULL, PRIMARY KEY (member_id, id))"
	if _, err := admin.ExecContext(ctx, table); err != nil {
		return err
	}
	body := strings.Repeat("x", 200)
	for m := range members {
		var rows []string
		for id := range perMember {
			rows = append(rows, fmt.Sprintf("(%d,%d,'name %d','%d.%d@example.org','%s')", m+1, id, id, m, id, body))
		}
		if _, err := admin.ExecContext(ctx, "INSERT INTO contacts VALUES "+strings.Join(rows, ",")); err != nil {
			return err
		}
	}
	const cluster = "bench"
	if err := instance.Identify(ctx, admin, instance.Identity{Cluster: cluster, Shard: "s1", CreatedBy: "bench"}); err != nil {
		return err
	}
	m, err := shard.New(shard.Document{
		Format: shard.Format, Cluster: cluster, Epoch: 1, Change: shard.Change{Author: "bench", Action: "init"},
		Members: shard.Members{Type: shard.Integer, Column: "member_id"},
		Shards:  []shard.Shard{{Name: "s1", Database: "bench", Primary: shard.Instance{Address: t.server.Addr()}}},
		Ranges:  []shard.Entry{{Shard: "s1"}},
		Tables:  []shard.Table{{Name: "contacts", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true}},
	})
	if err != nil {
		return err
	}
	return t.store.Swap(ctx, nil, m)
}

// router opens a router with that many connections to the server.
func (t *target) router(ctx context.Context, connections int, options instance.Options) (*router.Router, error) {
	app := t.server.App()
	return router.Open(ctx, router.Config{
		Store: t.store, Pool: router.PoolConfig{MaxOpen: connections},
		Instance: instance.Config{User: app.User, Password: instance.Literal(app.Password), Options: options},
	})
}

// plain opens the plain driver with that many connections.
func (t *target) plain(connections int, interpolate bool) (*sql.DB, error) {
	cfg := t.server.Config(t.server.App(), "bench")
	cfg.InterpolateParams = interpolate
	db, err := sql.Open("mysql", cfg.FormatDSN())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func (t *target) close() error {
	var errs []error
	if t.store != nil {
		errs = append(errs, t.store.Close())
	}
	if t.server != nil {
		errs = append(errs, t.server.Close())
	}
	if t.dir != "" {
		errs = append(errs, os.RemoveAll(t.dir))
	}
	return errors.Join(errs...)
}
