package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

// TestHealth breaks a cluster of its own in one way after the other and asks
// how it is.
func TestHealth(t *testing.T) {
	agent := testcluster.OwnConsul(t, consulagent.Options{})
	primary, replica := testcluster.OwnMySQL(t, mysqld.Options{}), testcluster.OwnMySQL(t, mysqld.Options{})
	p := newPlace(t, "consul://"+agent.Addr()+"/berth", 1) // s1, on a shared server
	p.must(append([]string{"init"}, p.shards...)...)
	p.must("shard", "add", "own", primary.Addr()+"/app")
	if err := replica.ReplicateFrom(t.Context(), primary); err != nil {
		t.Fatal(err)
	}
	for { // until the replica has caught up
		status, _, errs := p.berth(t.Context(), "shard", "instance", "add", "own", replica.Addr())
		if status == 0 {
			break
		}
		if !strings.Contains(errs, "wait until it has caught up") {
			t.Fatal(errs)
		}
	}
	p.must("member", "count", "1") // through a router, which keeps the map

	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	set := func(s *mysqld.Server, statement string) {
		t.Helper()
		own := testcluster.DB{Server: s}
		_, err := own.OpenAdmin(t).ExecContext(t.Context(), statement)
		try(err)
	}
	for _, c := range []struct {
		name   string
		break_ func()
		mend   func()
		exit   int
		says   []string // in what a problem or a line says
	}{
		{"nothing", func() {}, func() {}, 0, nil},
		{"store hangs", func() { try(agent.Freeze()) }, func() { try(agent.Thaw()) }, 1,
			[]string{"no answer within 800ms", "start the store", "cache"}},
		{"primary hangs", func() { try(primary.Freeze()) }, func() { try(primary.Thaw()) }, 2,
			[]string{"primary " + primary.Addr() + ": no answer within 800ms", "start the server"}},
		{"primary is read-only", func() { set(primary, "SET GLOBAL read_only = ON") }, func() { set(primary, "SET GLOBAL read_only = OFF") }, 2,
			[]string{"is the primary of shard own in the map, and is read_only"}},
		{"replica stands still", func() { set(replica, "STOP REPLICA SQL_THREAD") }, func() { set(replica, "START REPLICA SQL_THREAD") }, 1,
			[]string{"does not replicate", "SHOW REPLICA STATUS"}},
		{"store is gone", func() { try(agent.Stop(context.Background())) }, func() { try(agent.Restart(context.Background())) }, 1,
			[]string{"start the store", "cache"}},
		{"store lost its data", func() { try(agent.RestartEmpty(context.Background())) }, func() { p.must("map", "restore") }, 2,
			[]string{"berth map restore"}},
		{"nothing any more", func() {}, func() {}, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.break_()
			status, out, _ := p.berth(t.Context(), "health", "-o", "json")
			_, table, errs := p.berth(t.Context(), "health")
			c.mend()
			if status != c.exit {
				t.Errorf("the exit status is %d, not %d:\n%s%s", status, c.exit, table, errs)
			}
			var h healthDocument
			if err := json.Unmarshal([]byte(out), &h); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			if h.Epoch != 3 || len(h.Shards) != 2 || h.exit() != c.exit {
				t.Errorf("epoch %d, %d shards, status %s: %s", h.Epoch, len(h.Shards), h.Status, out)
			}
			for _, want := range c.says {
				if !strings.Contains(out, want) {
					t.Errorf("the JSON does not say %q: %s", want, out)
				}
				if !strings.Contains(table, want) {
					t.Errorf("the table does not say %q: %s", want, table)
				}
			}
		})
	}
}
