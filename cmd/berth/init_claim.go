package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// claim gives the servers' databases to their shards and then makes the map.
// If the map does not come about, what was written to the servers goes.
//
// The servers are claimed one by one and all claimants go in the same order,
// so that of two that want the same ones, from whatever store, one comes
// through.
func (c *cluster) claim(ctx context.Context, m *shard.Map, found []*survey) error {
	ordered := slices.Clone(found)
	slices.SortFunc(ordered, func(a, b *survey) int {
		return strings.Compare(a.shard.Primary.UUID+"/"+a.shard.Database, b.shard.Primary.UUID+"/"+b.shard.Database)
	})
	var undo claims
	for _, s := range ordered {
		if err := c.claimOne(ctx, m, s, &undo); err != nil {
			return undo.after(ctx, c, fmt.Errorf("give database %s on %s to shard %s: %w", s.shard.Database, s.shard.Primary.Address, s.shard.Name, err))
		}
	}
	err := c.swap(ctx, nil, m)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, shard.ErrUnknownOutcome):
		// The map may be there, or come yet, so the identities have to stay.
		return advise(err, `look with "berth map show"; if there is no map, run this init again: it goes on where this one stopped`)
	}
	// Another init may have taken over what this one had written, and made the
	// map with it.
	if won, lerr := c.lookAgain(ctx); lerr == nil && won.Cluster() == m.Cluster() {
		return err
	}
	return undo.after(ctx, c, err)
}

func (c *cluster) claimOne(ctx context.Context, m *shard.Map, s *survey, undo *claims) error {
	if !s.exists {
		db, err := c.bare(s.shard.Primary.Address, "")
		if err != nil {
			return err
		}
		defer db.Close()
		if _, err := db.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS "+quoteName(s.shard.Database)); err != nil {
			return fmt.Errorf("create the database: %w", err)
		}
	}
	db, err := c.bare(s.shard.Primary.Address, s.shard.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	id := instance.Identity{Cluster: m.Cluster(), Shard: s.shard.Name, CreatedBy: c.claimant()}
	if s.identity.Cluster == "" {
		// Noted before it is done: an answer that is lost may be a yes.
		*undo = append(*undo, claimed{s.shard, id, !s.cursors})
	}
	if err := instance.Identify(ctx, db, id); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, router.CursorTableDDL(m.Members())); err != nil {
		return fmt.Errorf("make the table %s: %w", router.CursorTable, err)
	}
	return nil
}

// claims is what was written to servers, in order.
type claims []claimed

type claimed struct {
	shard   shard.Shard
	id      instance.Identity
	cursors bool // its cursor table was made too
}

// after takes everything back because of cause, also when that is Ctrl-C, and
// gives the error to report.
func (u claims) after(ctx context.Context, c *cluster, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	for _, done := range u {
		if err := c.takeBack(ctx, done); err != nil {
			return advise(fmt.Errorf("%w; and its identity on %s could not be taken back: %w", cause, done.shard.Primary.Address, err),
				"when the server answers, run the same command again: it goes on where this one stopped")
		}
	}
	return cause
}

// takeBack undoes one claim. Who does not have the identity must not touch
// the tables.
func (c *cluster) takeBack(ctx context.Context, done claimed) error {
	db, err := c.bare(done.shard.Primary.Address, done.shard.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	found, err := instance.ReadIdentity(ctx, db)
	switch {
	case errors.Is(err, instance.ErrNoIdentity):
		return nil
	case err != nil:
		return err
	case found.Cluster != done.id.Cluster || found.Shard != done.id.Shard:
		return nil
	}
	if done.cursors {
		if err := dropEmpty(ctx, db, router.CursorTable); err != nil {
			return err
		}
	}
	return instance.Forget(ctx, db, done.id)
}

// dropEmpty drops a table that has no row.
func dropEmpty(ctx context.Context, db *sql.DB, table string) error {
	var one int
	err := db.QueryRowContext(ctx, "SELECT 1 FROM "+quoteName(table)+" LIMIT 1").Scan(&one)
	if instance.IsNoSuchTable(err) || err == nil {
		return nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	_, err = db.ExecContext(ctx, "DROP TABLE IF EXISTS "+quoteName(table))
	return err
}

// quoteName writes an identifier.
func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// warnAccount says what keeps the account of applications from the new shards.
func (a *app) warnAccount(ctx context.Context, c *cluster, m *shard.Map) {
	for s := range m.Shards() {
		cfg := c.cfg.Router(c.store, c.log).Instance
		cfg.Address, cfg.Database = s.Primary.Address, s.Database
		cfg.Expect = instance.Expect{Cluster: m.Cluster(), Shard: s.Name, UUID: s.Primary.UUID}
		db, err := openServer(cfg)
		if err == nil {
			err = db.PingContext(ctx)
			db.Close()
		}
		if err != nil {
			fmt.Fprintf(a.err, "warning: applications can't use shard %s yet: %v\n", s.Name, err)
		}
	}
}
