package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/schema"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// compareSchema looks at what a new shard's database has and lacks of what the
// other shards have. It refuses what could never have a place in the map.
func (c *cluster) compareSchema(ctx context.Context, m *shard.Map, at *survey) ([]schema.Table, error) {
	have := map[string]bool{}
	for _, info := range at.tables {
		t, ok := m.Table(info.Name)
		if !ok || t.Kind == shard.Global {
			return nil, advise(fmt.Errorf("database %s on %s has %s, which is no sharded or reference table of the catalogue", at.shard.Database, at.shard.Primary.Address, info.Name),
				"use an empty database")
		}
		have[info.Name] = true
		if t.Kind == shard.Sharded {
			if err := c.refuseRows(ctx, at.shard, info.Name); err != nil {
				return nil, err
			}
		}
	}
	var sharded []string
	for t := range m.Tables() {
		switch {
		case t.Kind == shard.Reference:
			if err := c.compareReference(ctx, m, at, t.Name, have[t.Name]); err != nil {
				return nil, err
			}
		case t.Kind == shard.Sharded && t.Name != router.CursorTable: // claimOne makes that
			sharded = append(sharded, t.Name)
		}
	}
	return c.missingTables(ctx, m, at, sharded)
}

// missingTables is what the new shard lacks of the first shard's sharded
// tables. Those that it has must be the same: members will move onto them.
func (c *cluster) missingTables(ctx context.Context, m *shard.Map, at *survey, sharded []string) (missing []schema.Table, err error) {
	var first shard.Shard
	for first = range m.Shards() {
		break
	}
	from, err := c.server(m, first, first.Primary, instance.Primary)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	want, err := schema.Load(ctx, from, sharded...)
	if err != nil {
		return nil, fmt.Errorf("shard %s: %w", first.Name, err)
	}
	var have []schema.Table
	if len(at.tables) > 0 { // else the database may not even be there
		to, err := c.bare(at.shard.Primary.Address, at.shard.Database)
		if err != nil {
			return nil, err
		}
		defer to.Close()
		if have, err = schema.Load(ctx, to, sharded...); err != nil {
			return nil, fmt.Errorf("database %s on %s: %w", at.shard.Database, at.shard.Primary.Address, err)
		}
	}
	for _, d := range schema.Compare(want, have) {
		if len(d.Have) > 0 {
			return nil, advise(fmt.Errorf("database %s on %s: table %s, and shard %s has it otherwise", at.shard.Database, at.shard.Primary.Address, d, first.Name),
				"drop it there, it is empty, or make it the same")
		}
		i := slices.IndexFunc(want, func(t schema.Table) bool { return t.Name == d.Table })
		missing = append(missing, want[i])
	}
	return missing, nil
}

func (c *cluster) refuseRows(ctx context.Context, s shard.Shard, table string) error {
	db, err := c.bare(s.Primary.Address, s.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	var one int
	err = db.QueryRowContext(ctx, "SELECT 1 FROM "+quoteName(table)+" LIMIT 1").Scan(&one)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("look into table %s of shard %s: %w", table, s.Name, err)
	}
	return advise(fmt.Errorf("table %s of database %s on %s has rows, and a new shard owns no member", table, s.Database, s.Primary.Address), "use an empty database")
}

// compareReference checks that the new shard's copy of a reference table is
// what the others have.
func (c *cluster) compareReference(ctx context.Context, m *shard.Map, at *survey, table string, there bool) error {
	var sums []sql.NullInt64
	places := []shard.Shard{}
	for s := range m.Shards() {
		places = append(places, s)
		break // the others are the same as the first, which is what reference means
	}
	from := places[0]
	if there {
		places = append(places, at.shard)
	}
	for _, s := range places {
		db, err := c.bare(s.Primary.Address, s.Database)
		if err != nil {
			return err
		}
		var name string
		var sum sql.NullInt64
		err = db.QueryRowContext(ctx, "CHECKSUM TABLE "+quoteName(table)).Scan(&name, &sum)
		db.Close()
		if err != nil {
			return fmt.Errorf("compare reference table %s on shard %s: %w", table, s.Name, err)
		}
		sums = append(sums, sum)
	}
	if there && sums[0] == sums[1] {
		return nil
	}
	return advise(fmt.Errorf("reference table %s is not the same in database %s on %s as on shard %s", table, at.shard.Database, at.shard.Primary.Address, from.Name),
		"copy it there first, with mysqldump of that shard, and run this again")
}

// createTables makes the tables on a new shard.
func (c *cluster) createTables(ctx context.Context, s shard.Shard, missing []schema.Table) error {
	db, err := c.bare(s.Primary.Address, s.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := schema.Create(ctx, db, missing...); err != nil {
		return fmt.Errorf("shard %s: %w", s.Name, err)
	}
	return nil
}
