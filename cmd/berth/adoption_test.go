package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/file"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/community"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

// adoption is a database that was in use before Berth, and empty servers to
// grow onto. The servers are its own: a cutover ends all sessions that are no
// router's, also those of other tests.
type adoption struct {
	*testPlace
	names  []string
	admin  map[string]*sql.DB
	people *community.Community
	repo   *router.Repository
}

// newServers are the servers of an adoption, the first with tables in use.
func newServers(t *testing.T, shards ...string) *adoption {
	a := &adoption{testPlace: newPlace(t, "", 1), names: shards, admin: map[string]*sql.DB{}, people: community.New(community.Spec{Members: 300, Seed: 4})}
	a.dbs = map[string]testcluster.DB{}
	for _, name := range shards {
		s := testcluster.OwnMySQL(t, mysqld.Options{})
		root := testcluster.DB{Server: s}.OpenAdmin(t)
		root.SetMaxIdleConns(0) // a cutover would end idle sessions
		if _, err := root.ExecContext(t.Context(), "CREATE DATABASE app"); err != nil {
			t.Fatal(err)
		}
		a.dbs[name] = testcluster.DB{Host: s.Host(), Port: s.Port(), Database: "app", Server: s,
			User: s.App().User, Password: s.App().Password, AdminUser: s.Root().User, AdminPassword: s.Root().Password}
		a.admin[name] = a.dbs[name].OpenAdmin(t)
		a.admin[name].SetMaxIdleConns(0)
	}
	for _, statement := range community.Schema() {
		if _, err := a.admin[shards[0]].ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// newAdoption has adopted the first server, and added the others.
func newAdoption(t *testing.T, shards ...string) *adoption {
	a := newServers(t, shards...)
	a.must("init", "--shard", shards[0]+"="+a.dbs[shards[0]].Addr()+"/app")
	for _, name := range shards[1:] {
		a.must("shard", "add", name, a.dbs[name].Addr()+"/app")
	}
	a.begin()
	return a
}

// begin lets the application in, and gives its members their rows.
func (a *adoption) begin() {
	a.t.Helper()
	a.open()
	var rows atomic.Int64
	if err := a.people.Load(a.t.Context(), a.repo, 8, &rows); err != nil {
		a.t.Fatal(err)
	}
}

// open is the application's way in.
func (a *adoption) open() {
	store, err := file.Open(file.Config{Dir: filepath.Join(a.dir, "store")})
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { _ = store.Close() })
	db := a.dbs[a.names[0]]
	r, err := router.Open(a.t.Context(), router.Config{Store: store, Instance: instance.Config{User: db.User, Password: instance.Literal(db.Password)}})
	if err != nil {
		a.t.Fatal(err)
	}
	a.repo = router.NewRepository(r)
	a.t.Cleanup(func() { _ = a.repo.Close(); _ = r.Close() })
}

// underTraffic runs fn while members read and write, of which nothing may fail.
func (a *adoption) underTraffic(fn func()) {
	a.t.Helper()
	ctx, cancel := context.WithCancel(a.t.Context())
	traffic := a.people.Traffic(a.repo)
	var running sync.WaitGroup
	running.Go(func() { traffic.Run(ctx, 4) })
	fn()
	cancel()
	running.Wait()
	if err := traffic.Failed(); err != nil {
		a.t.Errorf("of %d statements one failed: %v", traffic.Done(), err)
	}
	if traffic.Done() == 0 {
		a.t.Error("there was no traffic")
	}
}

// rows counts the rows of a table on a shard, those of members who live there
// and those of others.
func (a *adoption) rows(m *shard.Map, name, table string) (own, others int) {
	a.t.Helper()
	list, err := a.admin[name].QueryContext(a.t.Context(), "SELECT member_id, COUNT(*) FROM "+table+" GROUP BY member_id")
	if err != nil {
		a.t.Fatal(err)
	}
	defer list.Close()
	for list.Next() {
		var id int64
		var n int
		if err := list.Scan(&id, &n); err != nil {
			a.t.Fatal(err)
		}
		if m.Entry(m.Lookup(shard.Int(id))).Shard == name {
			own += n
		} else {
			others += n
		}
	}
	if err := list.Err(); err != nil {
		a.t.Fatal(err)
	}
	return own, others
}

// total is what all members have at home; nobody may have any elsewhere if
// clean is asked for.
func (a *adoption) total(table string, clean bool) (total int) {
	a.t.Helper()
	m := a.current()
	for _, name := range a.names {
		own, others := a.rows(m, name, table)
		total += own
		if clean && others > 0 {
			a.t.Errorf("shard %s has %d rows of %s whose members live elsewhere", name, others, table)
		}
	}
	return total
}

var jobID = regexp.MustCompile(`\b\d{6}-[a-z0-9]{5}\b`)

// TestAdoption: one server that was in use becomes one shard, then three,
// under traffic; a way back is taken, with all that was written since.
func TestAdoption(t *testing.T) {
	a := newAdoption(t, "main", "b", "c")
	contacts := a.total("contacts", true)

	var first string
	a.underTraffic(func() {
		out := a.must("split", "-", "--to", "b", "--foreground")
		if !strings.Contains(out, "its members live on b; the way back is open") || !strings.Contains(out, "PREDICTED") {
			t.Errorf("split: %s", out)
		}
		first = jobID.FindString(out)
		a.must("job", "rollback", first, "--foreground")
	})
	if got := a.total("contacts", true); got != contacts {
		t.Errorf("after the rollback there are %d contacts instead of %d", got, contacts)
	}
	if owns := ownership(a.current()); owns["b"].ranges != 0 {
		t.Errorf("after the rollback shard b owns %d ranges", owns["b"].ranges)
	}

	a.underTraffic(func() {
		for range 5 { // a proposal goes by estimates, so it may take two
			if out := a.must("rebalance"); strings.Contains(out, "nothing to move") {
				break
			}
			a.must("rebalance", "--apply", "--foreground")
			for _, id := range jobID.FindAllString(a.must("job", "list", "--active"), -1) {
				a.must("job", "complete", id, "--foreground")
			}
		}
	})
	if got := a.total("contacts", true); got != contacts {
		t.Errorf("in the end there are %d contacts instead of %d", got, contacts)
	}
	messages := a.total("messages", true)
	counted := 0
	for id := range a.people.Members() {
		var n int
		m := a.repo.Member(int64(id + 1))
		if err := m.QueryRowContext(t.Context(), "SELECT COALESCE(SUM(messages), 0) FROM conversations WHERE member_id = ?", id+1).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counted += n
	}
	// Each message was counted in the transaction that wrote it.
	if messages != counted {
		t.Errorf("there are %d messages, and %d were counted", messages, counted)
	}
	for name, o := range ownership(a.current()) {
		if o.ranges == 0 {
			t.Errorf("shard %s owns nothing: %s", name, a.must("rebalance"))
		}
	}
}

// TestPinAndMerge: a member moves out by itself and back, and two ranges end
// on one shard as one.
func TestPinAndMerge(t *testing.T) {
	a := newAdoption(t, "main", "b")
	busiest := fmt.Sprint(a.people.Busiest())
	a.underTraffic(func() {
		out := a.must("move", "--member", busiest, "--to", "b", "--foreground")
		a.must("job", "complete", jobID.FindString(out), "--foreground")
		if out := a.must("map", "lookup", busiest); !strings.Contains(out, "pinned") || !strings.Contains(out, " b ") {
			t.Errorf("after the move: %s", out)
		}
		out = a.must("unpin", "--member", busiest, "--foreground")
		a.must("job", "complete", jobID.FindString(out), "--foreground")
		if out := a.must("map", "lookup", busiest); strings.Contains(out, "pinned") {
			t.Errorf("after unpin: %s", out)
		}
		out = a.must("split", "-", "--at", "80", "--to", "b", "--foreground")
		a.must("job", "complete", jobID.FindString(out), "--foreground")
		out = a.must("merge", "-80", "80-", "--to", "b", "--foreground")
		a.must("job", "complete", jobID.FindString(out), "--foreground")
	})
	if m := a.current(); m.Len() != 1 || m.Entry(0).Shard != "b" {
		t.Errorf("in the end the map has %d entries, the first on %s", m.Len(), m.Entry(0).Shard)
	}
	a.total("messages", true)
}
