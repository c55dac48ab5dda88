package stage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/checker/relay"
	"github.com/berthdb/berth/tools/checker/workload"
	"github.com/berthdb/berth/tools/mysqld"
)

// cluster is the id that the map and its servers have in common.
const cluster = "checker"

// startShard starts a server with the tables on it.
func startShard(ctx context.Context, name string, cfg Config) (_ *Shard, err error) {
	s := &Shard{Name: name}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("shard %s: %w", name, err), s.close())
		}
	}()
	if s.Server, err = mysqld.Start(ctx, mysqld.Options{Durable: true, Log: cfg.Log}); err != nil {
		return nil, err
	}
	if s.Relay, err = relay.Open(s.Server.Addr()); err != nil {
		return nil, err
	}
	root, err := sql.Open("mysql", s.Server.DSN(s.Server.Root(), ""))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if _, err := root.ExecContext(ctx, "CREATE DATABASE "+database); err != nil {
		return nil, err
	}
	way := s.Server.Config(s.Server.Root(), database)
	way.Logger = log.New(io.Discard, "", 0) // a server that is killed leaves broken connections
	connector, err := mysql.NewConnector(way)
	if err != nil {
		return nil, err
	}
	s.Admin = sql.OpenDB(connector)
	s.Admin.SetMaxIdleConns(1)
	for _, statement := range workload.Schema() {
		if _, err := s.Admin.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	id := instance.Identity{Cluster: cluster, Shard: name, CreatedBy: "checker"}
	return s, instance.Identify(ctx, s.Admin, id)
}

func (s *Shard) close() error {
	var errs []error
	if s.Admin != nil {
		errs = append(errs, s.Admin.Close())
	}
	if s.Relay != nil {
		errs = append(errs, s.Relay.Close())
	}
	if s.Server != nil {
		errs = append(errs, s.Server.Close())
	}
	return errors.Join(errs...)
}

// firstMap deals two ranges to each shard, in turn, so that every shard has
// neighbours on others.
func (s *Stage) firstMap(ctx context.Context) error {
	doc := shard.Document{
		Format: shard.Format, Cluster: cluster, Epoch: 1,
		Members: shard.Members{Type: shard.Integer, Column: "member_id"},
		Tables:  workload.Tables(),
		Change:  shard.Change{Author: "checker", Action: "init", Time: time.Now()},
	}
	for _, sh := range s.Shards {
		var uuid string
		if err := sh.Admin.QueryRowContext(ctx, "SELECT @@server_uuid").Scan(&uuid); err != nil {
			return err
		}
		doc.Shards = append(doc.Shards, shard.Shard{
			Name: sh.Name, Database: database, Primary: shard.Instance{Address: sh.Relay.Addr(), UUID: uuid},
		})
	}
	for i, r := range shard.Deal(2 * len(s.Shards)) {
		doc.Ranges = append(doc.Ranges, shard.Entry{Span: shard.Span{Range: r}, Shard: doc.Shards[i%len(doc.Shards)].Name})
	}
	m, err := shard.New(doc)
	if err != nil {
		return err
	}
	return s.Store.Swap(ctx, nil, m)
}
