package router_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/file"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

// onEachStore runs a test with the map in a directory and in Consul. The
// second store is another process's way to the same place.
func onEachStore(t *testing.T, test func(t *testing.T, f *testfleet.Fleet, other shard.Store)) {
	open := func(t *testing.T, s shard.Store, err error) shard.Store {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Errorf("close store: %v", err)
			}
		})
		return s
	}
	t.Run("file", func(t *testing.T) {
		f := testfleet.New(t, testfleet.Options{})
		s, err := file.Open(file.Config{Dir: f.Dir})
		test(t, f, open(t, s, err))
	})
	t.Run("consul", func(t *testing.T) {
		kv := testcluster.Consul(t)
		connect := func() shard.Store {
			s, err := consul.Open(consul.Config{Address: kv.Address, Prefix: kv.Prefix})
			return open(t, s, err)
		}
		test(t, testfleet.New(t, testfleet.Options{Store: connect()}), connect())
	})
}

// working takes the lock of the attempt that freeze makes, as a living worker
// has it, until the test ends or it is given back.
func working(t testing.TB, s shard.Store) shard.Lock {
	t.Helper()
	l, err := s.Lock(t.Context(), shard.JobLock("a1"), "worker")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Unlock(t.Context()) }) // the store may be closed
	return l
}

// insertAll starts as many inserts for the member and gives their outcomes.
func insertAll(t *testing.T, p *router.Repository, id shard.Member, n int) <-chan error {
	outcomes := make(chan error, n)
	for i := range n {
		go func() {
			_, err := p.Member(id).ExecContext(t.Context(), insert, id.String(), i, "waited")
			outcomes <- err
		}()
	}
	return outcomes
}

func TestFreezeOfADeadWorkerIsEndedAndTheBufferedRunAtTheOldHome(t *testing.T) {
	onEachStore(t, func(t *testing.T, f *testfleet.Fleet, _ shard.Store) {
		p := repository(t, open(t, f))
		moving := f.MemberOn(0, 0)
		frozen := freeze(f, rangeOn(f, 0), "s2", 500*time.Millisecond)
		eventually(t, "the router has the freeze", func() bool { return p.Router().Epoch() == frozen.Epoch() })
		outcomes := insertAll(t, p, moving, 5)
		for range 5 {
			if err := <-outcomes; err != nil {
				t.Errorf("a statement that waited: %v", err)
			}
		}
		m := f.Map()
		if e := m.Entry(m.Lookup(moving)); m.Epoch() != frozen.Epoch()+1 || e.Frozen != nil || e.Shard != "s1" {
			t.Errorf("after the abort the map of epoch %d has %+v", m.Epoch(), e)
		}
		if c := m.Change(); c.Author != "router test" || !strings.Contains(c.Reason, "attempt a1 is past its deadline") {
			t.Errorf("the change says %+v", c)
		}
		if got := names(t, f.Admin[0], moving); len(got) != 5 {
			t.Errorf("rows at the old home: %v", got)
		}
		eventually(t, "the router gives the job's lock back", func() bool {
			l, err := f.Store.Lock(t.Context(), shard.JobLock("a1"), "worker")
			return err == nil && l.Unlock(t.Context()) == nil
		})
	})
}

func TestFreezeOfALivingWorkerIsLeftToIt(t *testing.T) {
	onEachStore(t, func(t *testing.T, f *testfleet.Fleet, other shard.Store) {
		p := repository(t, open(t, f))
		moving := f.MemberOn(0, 0)
		worker := working(t, other)
		frozen := freeze(f, rangeOn(f, 0), "s2", 10*time.Millisecond)
		outcomes := insertAll(t, p, moving, 1)
		time.Sleep(3500 * time.Millisecond) // long enough for a wrong abort to show
		if m := f.Map(); m.Epoch() != frozen.Epoch() {
			t.Fatalf("a router changed the map while the worker lives: %+v", m.Change())
		}
		if err := worker.Unlock(t.Context()); err != nil { // as when it dies
			t.Fatal(err)
		}
		if err := <-outcomes; err != nil {
			t.Errorf("the statement that waited: %v", err)
		}
		if m := f.Map(); m.Epoch() != frozen.Epoch()+1 {
			t.Errorf("the map has epoch %d, and it was frozen at %d", m.Epoch(), frozen.Epoch())
		}
	})
}

func TestOfManyRoutersOneEndsAFreezeAndOnlyItsOwnAttempt(t *testing.T) {
	onEachStore(t, func(t *testing.T, f *testfleet.Fleet, other shard.Store) {
		var routers []*router.Router
		for range 4 {
			routers = append(routers, open(t, f), open(t, f, func(c *router.Config) { c.Store = other }))
		}
		frozen := freeze(f, rangeOn(f, 0), "s2", 10*time.Millisecond)
		later := f.Edit(func(m *shard.Map) (*shard.Map, error) {
			return m.Freeze(f.Change("freeze"), rangeOn(f, 1), shard.Freeze{To: "s1", Attempt: "b1", Deadline: time.Now().Add(time.Minute)})
		})
		eventually(t, "every router has the freeze's end", func() bool {
			return !slices.ContainsFunc(routers, func(r *router.Router) bool { return r.Epoch() != later.Epoch()+1 })
		})
		time.Sleep(2500 * time.Millisecond) // each of them has been at it
		m := f.Map()
		if m.Epoch() != later.Epoch()+1 {
			t.Errorf("the map has epoch %d, and was frozen at %d and %d", m.Epoch(), frozen.Epoch(), later.Epoch())
		}
		if e, _ := m.Find(rangeOn(f, 1)); e.Frozen == nil {
			t.Error("the freeze that is in time was ended too")
		}
	})
}
