package router_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestBrokenSessionOfAReadOnlyServerIsEnded(t *testing.T) {
	server := testcluster.OwnMySQL(t, mysqld.Options{})
	f := testfleet.New(t, testfleet.Options{Shards: 1, On: []*mysqld.Server{server}})
	p := repository(t, open(t, f))
	m := f.MemberOn(0, 0)
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	done := make(chan error, 1)
	go func() {
		_, err := p.Member(m).Unscoped().ExecContext(ctx, "DO SLEEP(100)")
		done <- err
	}()
	eventually(t, "the server is at it", func() bool {
		var n int
		if err := f.Admin[0].QueryRow("SELECT COUNT(*) FROM performance_schema.processlist WHERE info = 'DO SLEEP(100)'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 1
	})
	if _, err := f.Admin[0].Exec("SET GLOBAL super_read_only = ON"); err != nil {
		t.Fatal(err)
	}
	giveUp()
	if err := <-done; !errors.Is(err, context.Canceled) || router.Retryable(err) {
		t.Errorf("the statement that was given up: %v", err)
	}
	eventually(t, "the session is gone", func() bool { return p.Stat().Servers[0].InFlight == 0 })
	if _, err := f.Admin[0].Exec("SET GLOBAL read_only = OFF"); err != nil { // for the cleanup
		t.Fatal(err)
	}
}

func TestSessionLostWithAnOldPrimaryDoesNotHoldUpMovesFromTheNewOne(t *testing.T) {
	old, promoted := testcluster.OwnMySQL(t, mysqld.Options{}), testcluster.OwnMySQL(t, mysqld.Options{})
	f := testfleet.New(t, testfleet.Options{On: []*mysqld.Server{old, promoted}})
	p := repository(t, open(t, f, func(c *router.Config) { c.Buffer.Window = time.Second }))
	m, span := f.MemberOn(0, 0), rangeOn(f, 0)
	done := make(chan error, 1)
	go func() {
		_, err := p.Member(m).Unscoped().ExecContext(t.Context(), "DO SLEEP(100)")
		done <- err
	}()
	eventually(t, "the server is at it", func() bool {
		var n int
		if err := f.Admin[0].QueryRow("SELECT COUNT(*) FROM performance_schema.processlist WHERE info = 'DO SLEEP(100)'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 1
	})
	if err := old.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, router.ErrUnknownOutcome) {
		t.Errorf("the statement that was under way: %v", err)
	}
	// The new primary of s1 is the other server, with a database of its own.
	root := f.Shards[1]
	for _, s := range []string{
		"CREATE DATABASE promoted",
		"INSERT INTO `_berth`.`identity` (database_name, cluster, shard, created_by) VALUES ('promoted', '" + f.Cluster + "', 's1', 'test')",
	} {
		if _, err := f.Admin[1].Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	var uuid string
	if err := f.Admin[1].QueryRow("SELECT @@server_uuid").Scan(&uuid); err != nil {
		t.Fatal(err)
	}
	failover := f.Edit(func(m *shard.Map) (*shard.Map, error) {
		s, _ := m.Shard("s1")
		s.Database, s.Primary = "promoted", shard.Instance{Address: root.Addr(), UUID: uuid}
		return m.SetShard(f.Change("failover"), s)
	})
	eventually(t, "the router has the new primary", func() bool { return p.Router().Epoch() == failover.Epoch() })
	frozen := freeze(f, span, "s2", 2*time.Second)
	eventually(t, "the router acknowledges", acknowledged(t, f, frozen.Epoch()))
}
