package router_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

// Eight workers read and write while the Consul agent is stopped, hung,
// restarted without its data, and the map's key is deleted. No statement may
// fail in any of these, a process that starts meanwhile works from its cache,
// and the router follows the map again once it is back.
func TestNoStatementFailsWhileConsulIsAway(t *testing.T) {
	agent := testcluster.OwnConsul(t, consulagent.Options{})
	store, err := consul.Open(consul.Config{Address: agent.Addr(), Prefix: "berth"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	kv, err := api.NewClient(&api.Config{Address: agent.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	f := testfleet.New(t, testfleet.Options{Store: store})
	cache := filepath.Join(t.TempDir(), "map")
	withCache := func(c *router.Config) { c.CacheFile, c.StartTimeout = cache, 500*time.Millisecond }
	p := repository(t, open(t, f, withCache))

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	var statements [8]int
	for w := range statements {
		id := f.MemberOn(w%2, w)
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				err := p.Member(id).InTx(t.Context(), nil, func(ctx context.Context, tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, insert, id.String(), n, "x")
					return err
				})
				if err == nil {
					var rows int
					err = p.Member(id).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM contacts WHERE member_id = ?", id.String()).Scan(&rows)
					if err == nil && rows != n+1 {
						err = errors.New("a row is missing")
					}
				}
				if err != nil {
					t.Errorf("worker %d, round %d: %v", w, n, err)
					return
				}
				statements[w] = n
			}
		})
	}
	m := f.Map()
	key := "berth/map"
	put := func() {
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kv.KV().Put(&api.KVPair{Key: key, Value: b}, nil); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name      string
		fail      func()
		mend      func()
		wantNoMap bool
	}{
		{"stopped", func() { must(agent.Stop(ctx)) }, func() { must(agent.Restart(ctx)) }, false},
		{"hung", func() { must(agent.Freeze()) }, func() { must(agent.Thaw()) }, false},
		{"restarted without its data", func() { must(agent.RestartEmpty(ctx)) }, put, true},
		{"deprived of the map's key", func() { _, err := kv.KV().Delete(key, nil); must(err) }, put, true},
	} {
		c.fail()
		eventually(t, "the router notices that Consul is "+c.name, func() bool {
			err := p.Stat().StoreErr
			return err != nil && (!c.wantNoMap || errors.Is(err, shard.ErrNoMap))
		})
		started := open(t, f, withCache) // a process that starts meanwhile
		if st := started.Stat(); st.Epoch != m.Epoch() || !st.Cached {
			t.Errorf("a router started while Consul is %s: %+v", c.name, st)
		}
		other := repository(t, started)
		if err := other.Member(1).QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts WHERE member_id = 1").Scan(new(int)); err != nil {
			t.Errorf("its first statement: %v", err)
		}
		c.mend()
		eventually(t, "the router notices that Consul is no longer "+c.name, func() bool { return p.Stat().StoreErr == nil })
		eventually(t, "the map can be changed again", func() bool {
			old, err := store.Load(ctx)
			if err != nil {
				return false
			}
			next, err := old.SetTables(f.Change(c.name), shard.Table{Name: "t", Kind: shard.Reference})
			must(err)
			if store.Swap(ctx, old, next) != nil {
				return false
			}
			m = next
			return true
		})
		eventually(t, "both routers follow", func() bool { return p.Stat().Epoch == m.Epoch() && started.Epoch() == m.Epoch() })
	}
	stop()
	wg.Wait()
	for w, n := range statements {
		if n == 0 {
			t.Errorf("worker %d did nothing", w)
		}
	}
}

// The store was put back to an older state: the router stays at the newer map,
// says so, and follows again once the store has caught up.
func TestRouterNeverGoesBack(t *testing.T) {
	kv := testcluster.Consul(t)
	store, err := consul.Open(consul.Config{Address: kv.Address, Prefix: kv.Prefix})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	client, err := api.NewClient(&api.Config{Address: kv.Address})
	if err != nil {
		t.Fatal(err)
	}
	f := testfleet.New(t, testfleet.Options{Store: store})
	first := f.Map()
	f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Cut(f.Change("cut"), 0x40<<56) })
	cache := filepath.Join(t.TempDir(), "map")
	r := open(t, f, func(c *router.Config) { c.CacheFile = cache })
	put := func(m *shard.Map) {
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.KV().Put(&api.KVPair{Key: kv.Prefix + "/map", Value: b}, nil); err != nil {
			t.Fatal(err)
		}
	}
	newest := f.Map()
	put(first)
	eventually(t, "the router notices", func() bool { return r.Stat().StoreErr != nil })
	if r.Epoch() != newest.Epoch() {
		t.Fatalf("the router went back to epoch %d", r.Epoch())
	}
	later := open(t, f, func(c *router.Config) { c.CacheFile = cache })
	if later.Epoch() != newest.Epoch() {
		t.Errorf("a router of the same host started with epoch %d", later.Epoch())
	}
	put(newest)
	eventually(t, "the router is content", func() bool { return r.Stat().StoreErr == nil && later.Stat().StoreErr == nil })
}
