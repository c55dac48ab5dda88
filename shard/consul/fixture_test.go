package consul_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/storetest"
	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/testcluster"
)

const prefix = "berth"

func open(t testing.TB, cfg consul.Config) *consul.Store {
	t.Helper()
	s, err := consul.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// world is an agent of its own with a store whose map is watched.
type world struct {
	t     testing.TB
	agent *consulagent.Agent
	store *consul.Store
	tape  *storetest.Tape
	last  *shard.Map
	seen  int // events of the tape that are dealt with
}

func newWorld(t testing.TB) *world {
	t.Helper()
	agent := testcluster.OwnConsul(t, consulagent.Options{})
	w := &world{t: t, agent: agent, store: open(t, consul.Config{Address: agent.Addr()})}
	w.begin()
	return w
}

// begin makes the first map and watches it.
func (w *world) begin() {
	w.t.Helper()
	w.last = storetest.First(w.t, "c1")
	if err := w.store.Swap(ctx(w.t), nil, w.last); err != nil {
		w.t.Fatal(err)
	}
	w.tape = storetest.Watch(w.t, w.store)
	w.sees()
}

// advance swaps in a next map, however long the store takes to be well again.
func (w *world) advance() {
	w.t.Helper()
	next := storetest.Next(w.t, w.last, "after a fault")
	for limit := ctx(w.t); ; {
		err := w.store.Swap(limit, w.last, next)
		if err == nil {
			break
		}
		if limit.Err() != nil {
			w.t.Fatal(err)
		}
		// What an operator's command does: look for the change before trying again.
		if now, loadErr := w.store.Load(limit); loadErr == nil && now.Digest() == next.Digest() {
			break
		} else if errors.Is(err, shard.ErrConflict) {
			w.t.Fatalf("nobody else changes this map: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.last = next
}

// sees waits until the watch has reported the last map.
func (w *world) sees() {
	w.t.Helper()
	var e shard.Event
	if e, w.seen = w.tape.Epoch(w.seen, w.last.Epoch()); e.Map.Digest() != w.last.Digest() {
		w.t.Fatalf("the watch reports another map of epoch %d", e.Map.Epoch())
	}
	w.seen++
}

// fails waits until the watch has reported a failure whose text has all words,
// so that it says what happened and what to do.
func (w *world) fails(words ...string) {
	w.t.Helper()
	_, w.seen = w.tape.Wait(w.seen, "a failure that says "+strings.Join(words, ", "), func(e shard.Event) bool {
		if e.Err == nil {
			return false
		}
		for _, word := range words {
			if !strings.Contains(e.Err.Error(), word) {
				return false
			}
		}
		return true
	})
	w.seen++
}

func ctx(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), storetest.Patience)
	t.Cleanup(cancel)
	return ctx
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for limit := ctx(t); !ok(); time.Sleep(20 * time.Millisecond) {
		if limit.Err() != nil {
			t.Fatalf("in %s it did not come about that %s", storetest.Patience, what)
		}
	}
}

func state(id string) shard.RouterState {
	return shard.RouterState{Incarnation: id, Name: "test", Version: "v1", Epoch: 1}
}

func listed(t testing.TB, s shard.Store, id string) bool {
	t.Helper()
	list, err := s.Routers(ctx(t))
	if err != nil {
		return false
	}
	for _, r := range list {
		if r.Incarnation == id {
			return true
		}
	}
	return false
}
