package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// missingTable is a table to make on a new shard.
type missingTable struct {
	name, from, definition string
}

// compareSchema looks at what a new shard's database has and lacks of what the
// other shards have. It refuses what could never have a place in the map.
func (c *cluster) compareSchema(ctx context.Context, m *shard.Map, at *survey) ([]missingTable, error) {
	have := map[string]bool{router.CursorTable: true} // claimOne makes it
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
	var missing []missingTable
	for t := range m.Tables() {
		switch {
		case t.Kind == shard.Reference:
			if err := c.compareReference(ctx, m, at, t.Name, have[t.Name]); err != nil {
				return nil, err
			}
		case t.Kind == shard.Sharded && !have[t.Name]:
			def, err := c.definition(ctx, m, t.Name)
			if err != nil {
				return nil, err
			}
			if def.name != "" {
				missing = append(missing, def)
			}
		}
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

// autoIncrement is where a table's counter stands, which is no part of what
// the table is.
var autoIncrement = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// definition is the table's statement on the first shard that has it; without
// a name when none has.
func (c *cluster) definition(ctx context.Context, m *shard.Map, table string) (missingTable, error) {
	for s := range m.Shards() {
		db, err := c.server(m, s, s.Primary, instance.Primary)
		if err != nil {
			return missingTable{}, err
		}
		var name, statement string
		err = db.QueryRowContext(ctx, "SHOW CREATE TABLE "+quoteName(table)).Scan(&name, &statement)
		db.Close()
		switch {
		case instance.IsNoSuchTable(err):
			continue
		case err != nil:
			return missingTable{}, fmt.Errorf("read the definition of table %s on shard %s: %w", table, s.Name, err)
		}
		return missingTable{table, s.Name, autoIncrement.ReplaceAllString(statement, "")}, nil
	}
	return missingTable{}, nil
}

// createTables makes the tables. One may refer to another that comes later, so
// foreign keys are checked by nobody meanwhile.
func (c *cluster) createTables(ctx context.Context, s shard.Shard, missing []missingTable) error {
	db, err := c.bare(s.Primary.Address, s.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SET SESSION foreign_key_checks = 0"); err != nil {
		return fmt.Errorf("create the tables of shard %s: %w", s.Name, err)
	}
	for _, t := range missing {
		if _, err := conn.ExecContext(ctx, t.definition); err != nil {
			return fmt.Errorf("create table %s on shard %s: %w", t.name, s.Name, err)
		}
	}
	return nil
}
