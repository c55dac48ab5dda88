package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// surveyLimit bounds the look at one server.
const surveyLimit = 30 * time.Second

// survey is what was found at the place of a shard to be.
type survey struct {
	shard    shard.Shard // with the server's UUID
	report   instance.Report
	exists   bool              // the database does
	identity instance.Identity // zero: none
	fence    []instance.FenceRow
	tables   []instance.TableInfo // without berth's own
	cursors  bool                 // berth's own is there
}

// survey looks at all servers, changes nothing, and prints what should be
// otherwise on them. It fails when one of them can't be used.
func (a *app) survey(ctx context.Context, c *cluster, shards []shard.Shard) ([]*survey, error) {
	found := make([]*survey, len(shards))
	errs := make([]error, len(shards))
	var g errgroup.Group
	g.SetLimit(16)
	for i, s := range shards {
		g.Go(func() error {
			bounded, cancel := context.WithTimeout(ctx, surveyLimit)
			defer cancel()
			found[i] = &survey{shard: s}
			errs[i] = c.lookAt(bounded, found[i])
			return nil
		})
	}
	_ = g.Wait() // the errors are in errs
	bad := 0
	places := map[string]string{}
	for i, s := range found {
		if errs[i] != nil {
			// The first refusal of all in the order given, complete in itself.
			return nil, fmt.Errorf("check shard %s: %w", s.shard.Name, errs[i])
		}
		place := s.shard.Primary.UUID + "/" + s.shard.Database
		if other, ok := places[place]; ok {
			return nil, misuse("shards %s and %s are the same database of one server, %s", other, s.shard.Name, s.shard.Primary.UUID)
		}
		places[place] = s.shard.Name
		for _, f := range s.report.Findings {
			if f.Severity != instance.Note {
				fmt.Fprintf(a.err, "shard %s, %s: %s\n", s.shard.Name, s.shard.Primary.Address, f)
			}
		}
		if len(s.report.Blocking()) > 0 {
			bad++
		}
	}
	if bad > 0 {
		return nil, advise(fmt.Errorf("%d of %s can't be used, and nothing was changed", bad, count(len(found), "server")), "correct what is marked as error above, and run this again")
	}
	return found, nil
}

// lookAt fills in the survey.
func (c *cluster) lookAt(ctx context.Context, s *survey) error {
	db, err := c.bare(s.shard.Primary.Address, "")
	if err != nil {
		return err
	}
	defer db.Close()
	if s.report, err = instance.Inspect(ctx, db, instance.Primary); err != nil {
		return fmt.Errorf("server %s: %w", s.shard.Primary.Address, err)
	}
	s.shard.Primary.UUID = s.report.UUID
	var name string
	err = db.QueryRowContext(ctx, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?", s.shard.Database).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for database %s on server %s: %w", s.shard.Database, s.shard.Primary.Address, err)
	}
	s.exists = true
	return c.lookInto(ctx, s)
}

// lookInto fills in what there is to know of a database that exists.
func (c *cluster) lookInto(ctx context.Context, s *survey) error {
	db, err := c.bare(s.shard.Primary.Address, s.shard.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	s.identity, err = instance.ReadIdentity(ctx, db)
	switch {
	case errors.Is(err, instance.ErrNoIdentity):
	case err != nil:
		return err
	default:
		if s.fence, err = instance.ReadFence(ctx, db); err != nil {
			return err
		}
	}
	tables, err := instance.Catalogue(ctx, db, s.shard.Database)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if t.Name == router.CursorTable {
			s.cursors = true
			continue
		}
		s.tables = append(s.tables, t)
	}
	return nil
}

// refuseLiving tells an identity that an init left behind when it was broken
// off from that of a cluster whose map is in another store, or was lost. The
// first was written for this store, which has no map, and had no time to get a
// fence or data; to make the second a new map would send members to where
// their data is not.
func (s *survey) refuseLiving(c *cluster) error {
	id := s.identity
	left := id.Shard == s.shard.Name && strings.HasSuffix(id.CreatedBy, c.claimMark()) && len(s.fence)+len(s.tables) == 0
	if id.Cluster == "" || left {
		return nil
	}
	return advise(&livingError{id, s.shard},
		`use another database; if that cluster's map was lost, put it back with "berth map restore"; if it is of an init that was broken off, run "DELETE FROM _berth.identity WHERE database_name = '%s'" there, and this again`, s.shard.Database)
}

// claimMark ends the note, in an identity, of who wrote it: for which store.
func (c *cluster) claimMark() string { return ", for " + c.store.String() }

// claimant is who writes an identity. The server keeps 255 characters of it.
func (c *cluster) claimant() string {
	mark := c.claimMark()
	who := author()
	if room := 255 - len(mark); len(who) > room {
		who = who[:max(room, 0)]
	}
	return who + mark
}

type livingError struct {
	found instance.Identity
	shard shard.Shard
}

func (e *livingError) Error() string {
	return fmt.Sprintf("the database %s on %s is shard %s of cluster %s since %s, whose map is not in this store", e.shard.Database,
		e.shard.Primary.Address, e.found.Shard, e.found.Cluster, moment(e.found.CreatedAt))
}

// lockInit keeps two inits on one store from getting in each other's way: the
// second waits, and then finds the map of the first. It decides nothing.
func (c *cluster) lockInit(ctx context.Context) (unlock func(), err error) {
	holder := fmt.Sprintf("%s (process %d)", author(), os.Getpid())
	for until := time.Now().Add(storeLimit); ; {
		bounded, cancel := context.WithTimeout(ctx, storeLimit)
		lock, err := c.store.Lock(bounded, "init", holder)
		cancel()
		switch {
		case err == nil:
			return func() {
				bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
				defer cancel()
				if err := lock.Unlock(bounded); err != nil {
					c.log.Warn("give back the lock of init", "error", err)
				}
			}, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !errors.Is(err, shard.ErrLocked):
			return nil, fmt.Errorf("lock %s: %w", c.store, err)
		case time.Now().After(until):
			return nil, advise(fmt.Errorf("another init is at work on %s: %w", c.store, err), "wait for it to end, or end it, and run this again")
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}
