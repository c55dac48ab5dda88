package consul_test

import (
	"errors"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/storetest"
	"github.com/berthdb/berth/tools/testcluster"
)

func TestConnectionCut(t *testing.T) {
	t.Parallel()
	kv := testcluster.Consul(t)
	r := newRelay(t, kv.Address)
	w := &world{t: t, store: open(t, consul.Config{Address: r.addr(), Prefix: kv.Prefix})}
	w.begin()
	direct := open(t, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
	change := func() {
		t.Helper()
		next := storetest.Next(t, w.last, "while cut")
		if err := direct.Swap(ctx(t), w.last, next); err != nil {
			t.Fatal(err)
		}
		w.last = next
	}
	for _, cut := range []mode{closing, holding} {
		r.set(cut)
		w.fails("see")
		change()
		r.set(passing)
		w.sees()
		change()
		w.sees()
	}
}

// A router that is cut off stops counting on its registration, leaves the
// list, and comes back by itself.
func TestRouterCutOff(t *testing.T) {
	t.Parallel()
	kv := testcluster.Consul(t)
	r := newRelay(t, kv.Address)
	cut := open(t, consul.Config{Address: r.addr(), Prefix: kv.Prefix})
	direct := open(t, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
	reg, err := cut.Register(ctx(t), state("r1"))
	if err != nil {
		t.Fatal(err)
	}
	if !listed(t, direct, "r1") || !reg.Held() {
		t.Fatal("not registered")
	}
	r.set(holding)
	eventually(t, "the router is off the list", func() bool {
		if listed(t, direct, "r1") {
			return false
		}
		// Consul has just let it go: the router must have known before.
		if reg.Held() {
			t.Error("the router still counts on a registration that is gone")
		}
		return true
	})
	drained := state("r1")
	drained.Drained = 9
	short, cancel := shortly()
	defer cancel()
	if err := reg.Announce(short, drained); err == nil {
		t.Error("announced through a cut")
	}
	r.set(passing)
	eventually(t, "the router is back with its last state", func() bool {
		list, err := direct.Routers(ctx(t))
		return err == nil && len(list) == 1 && list[0].Drained == 9 && reg.Held()
	})
	if err := reg.Close(); err != nil {
		t.Error(err)
	}
}

// A holder that is cut off knows that its lock is lost before anybody else
// can have it.
func TestLockHolderCutOff(t *testing.T) {
	t.Parallel()
	kv := testcluster.Consul(t)
	r := newRelay(t, kv.Address)
	cut := open(t, consul.Config{Address: r.addr(), Prefix: kv.Prefix})
	direct := open(t, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
	old, err := cut.Lock(ctx(t), "job", "old holder")
	if err != nil {
		t.Fatal(err)
	}
	r.set(holding)
	began := time.Now()
	var l shard.Lock
	eventually(t, "the dead holder's lock is taken over", func() bool {
		var err error
		l, err = direct.Lock(ctx(t), "job", "new holder")
		if err != nil && !errors.Is(err, shard.ErrLocked) {
			t.Fatal(err)
		}
		if err == nil {
			select {
			case <-old.Lost():
			default:
				t.Error("the lock was taken over and its holder does not know")
			}
		}
		return err == nil
	})
	t.Logf("taken over after %s", time.Since(began).Round(time.Millisecond))
	r.set(passing)
	if err := old.Unlock(ctx(t)); err != nil {
		t.Errorf("unlock what was lost: %v", err)
	}
	select {
	case <-l.Lost():
		t.Error("the former holder took the lock away")
	default:
	}
	if err := l.Unlock(ctx(t)); err != nil {
		t.Error(err)
	}
}

// A holder whose session is ended behind its back notices at its next beat.
func TestLockSessionEnded(t *testing.T) {
	t.Parallel()
	kv := testcluster.Consul(t)
	s := open(t, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
	l, err := s.Lock(ctx(t), "job", "me")
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, kv.Address, "")
	pair, _, err := c.KV().Get(kv.Prefix+"/locks/job", nil)
	if err != nil || pair == nil || pair.Session == "" {
		t.Fatalf("the lock's key: %v, %v", pair, err)
	}
	if _, err := c.Session().Destroy(pair.Session, nil); err != nil {
		t.Fatal(err)
	}
	select {
	case <-l.Lost():
	case <-ctx(t).Done():
		t.Fatal("the holder never noticed")
	}
}

// A holder that is well keeps its lock, however long others ask for it.
func TestLockIsKept(t *testing.T) {
	t.Parallel()
	kv := testcluster.Consul(t)
	s := open(t, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
	other := open(t, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
	l, err := s.Lock(ctx(t), "job", "me")
	if err != nil {
		t.Fatal(err)
	}
	// Longer than a contender waits for a dead holder, and than a session
	// lives without being renewed.
	for range 110 {
		if _, err := other.Lock(ctx(t), "job", "other"); !errors.Is(err, shard.ErrLocked) {
			t.Fatalf("Lock: %v", err)
		}
		time.Sleep(200 * time.Millisecond)
	}
	select {
	case <-l.Lost():
		t.Error("lost for no reason")
	default:
	}
}
