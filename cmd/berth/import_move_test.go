package main

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/file"
)

// TestImportFollowsAMove hands a range to another shard in the middle of an
// import, as a move does at its cutover (what was there before is not copied
// here). After the importing router has said that the range is drained not one
// more row may come to the old home, and none may be lost or doubled.
func TestImportFollowsAMove(t *testing.T) {
	p := newPlace(t, "", 2)
	p.must(append([]string{"init"}, p.shards...)...)
	p.must("sql", "--all", "CREATE TABLE events (member_id BIGINT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (member_id, n))")
	p.must("table", "set", "events", "--kind", "sharded")
	events := events(t, p.dir)
	done := make(chan string, 1)
	go func() {
		status, out, errs := p.berth(t.Context(), "import", "--table", "events", events)
		if status != 0 {
			t.Errorf("import: exit status %d: %s%s", status, out, errs)
		}
		done <- out
	}()
	for p.rows() == 0 {
		time.Sleep(5 * time.Millisecond)
	}

	store, err := file.Open(file.Config{Dir: filepath.Join(p.dir, "store")})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	edit := func(fn func(*shard.Map, shard.Change) (*shard.Map, error)) uint64 {
		t.Helper()
		m, err := store.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		next, err := fn(m, shard.Change{Author: "test", Time: time.Now(), Action: "move"})
		if err = errors.Join(err, store.Swap(t.Context(), m, next)); err != nil {
			t.Fatal(err)
		}
		return next.Epoch()
	}
	span := shard.Span{Range: shard.Deal(2)[0]}
	freeze := shard.Freeze{To: "s2", Attempt: "first", Deadline: time.Now().Add(time.Minute)}
	epoch := edit(func(m *shard.Map, c shard.Change) (*shard.Map, error) { return m.Freeze(c, span, freeze) })
	for drained := false; !drained; {
		routers, err := store.Routers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(routers) == 0 {
			t.Fatal("the import was over before the range could be moved")
		}
		drained = true
		for _, r := range routers {
			drained = drained && r.Drained == epoch
		}
		time.Sleep(5 * time.Millisecond)
	}
	before := p.rowsOn("s1")
	edit(func(m *shard.Map, c shard.Change) (*shard.Map, error) { return m.Switch(c, span, freeze.Attempt) })
	<-done
	if after := p.rowsOn("s1"); after != before || before == 0 {
		t.Errorf("the old home had %d rows when it was drained, and has %d", before, after)
	}
	if n := p.rows(); n != stopRows {
		t.Errorf("%d rows are there, and the file has %d", n, stopRows)
	}
	if n := p.distinct(); n != stopRows {
		t.Errorf("%d different rows are there, and the file has %d", n, stopRows)
	}
}

func (p *testPlace) rowsOn(name string) (n int) {
	p.t.Helper()
	if err := p.admin(name, p.dbs[name]).QueryRowContext(p.t.Context(), "SELECT COUNT(*) FROM events").Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}
