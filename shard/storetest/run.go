package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/berthdb/berth/shard"
)

// Place is where the stores of one test keep their map: each test gets an
// empty one.
type Place struct {
	// Open opens one more store on the place. The suite closes it.
	Open func() (shard.Store, error)
	// Put replaces the stored bytes of the map behind the stores' backs; nil
	// deletes them.
	Put func([]byte) error
}

// Run runs the whole contract.
func Run(t *testing.T, place func(testing.TB) Place) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"nothing stored", testNothingStored},
		{"first map", testFirstMap},
		{"two first maps", testTwoFirstMaps},
		{"first map of a later epoch", testPutBack},
		{"corrupt", testCorrupt},
		{"swap", testSwap},
		{"conflict", testConflict},
		{"illegal next map", testIllegalNext},
		{"too large", testTooLarge},
		{"large", testLarge},
		{"racing swaps", testRacingSwaps},
		{"history", testHistory},
		{"history is bounded", testHistoryBounded},
		{"history after the map went back", testHistoryWentBack},
		{"watch", testWatch},
		{"watch confirms", testWatchConfirms},
		{"watch a map deleted and put back", testWatchDeleted},
		{"watch a map that goes back", testWatchBack},
		{"watch a map that gets corrupt", testWatchCorrupt},
		{"routers", testRouters},
		{"routers of a closed store", testRoutersOfClosed},
		{"router names", testRouterNames},
		{"lock", testLock},
		{"lock in two stores", testLockTwoStores},
		{"lock race", testLockRace},
		{"lock names", testLockNames},
		{"records", testRecords},
		{"record conflicts", testRecordConflicts},
		{"record versions", testRecordVersions},
		{"records deleted", testRecordsDeleted},
		{"racing records", testRacingRecords},
		{"racing first records", testRacingFirstRecords},
		{"record names and sizes", testRecordLimits},
		{"ended context", testEndedContext},
		{"closed store", testClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, &bench{t, place(t)})
		})
	}
	// Not parallel, so that it runs alone, before the others go on.
	t.Run("nothing stays behind", func(t *testing.T) { testLeaves(t, &bench{t, place(t)}) })
}

// bench is what one test works on.
type bench struct {
	t     *testing.T
	place Place
}

func (b *bench) open() shard.Store {
	b.t.Helper()
	s, err := b.place.Open()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.t.Errorf("close: %v", err)
		}
	})
	return s
}

// with opens a store that has a first map.
func (b *bench) with() (shard.Store, *shard.Map) {
	b.t.Helper()
	s, m := b.open(), First(b.t, "c1")
	b.swap(s, nil, m)
	return s, m
}

func (b *bench) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	b.t.Cleanup(cancel)
	return ctx
}

func (b *bench) swap(s shard.Store, old, next *shard.Map) {
	b.t.Helper()
	if err := s.Swap(b.ctx(), old, next); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) put(m *shard.Map) {
	b.t.Helper()
	raw, err := m.Encode()
	if err != nil {
		b.t.Fatal(err)
	}
	b.putRaw(raw)
}

func (b *bench) putRaw(raw []byte) {
	b.t.Helper()
	if err := b.place.Put(raw); err != nil {
		b.t.Fatal(err)
	}
}

// stored fails the test unless m is what the store gives.
func (b *bench) stored(s shard.Store, m *shard.Map) {
	b.t.Helper()
	got, err := s.Load(b.ctx())
	if err != nil {
		b.t.Fatal(err)
	}
	if got.Digest() != m.Digest() {
		b.t.Fatalf("stored is\n%swant\n%s", got.Text(), m.Text())
	}
}

// eventually waits until ok is true.
func (b *bench) eventually(what string, ok func() bool) {
	b.t.Helper()
	for ctx := b.ctx(); !ok(); {
		select {
		case <-ctx.Done():
			b.t.Fatalf("in %s it did not come about that %s", Patience, what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func describe(events []shard.Event) string {
	if len(events) == 0 {
		return "nothing"
	}
	var lines []string
	for _, e := range events {
		if e.Map != nil {
			lines = append(lines, fmt.Sprintf("map of epoch %d", e.Map.Epoch()))
		} else {
			lines = append(lines, e.Err.Error())
		}
	}
	return strings.Join(lines, "\n")
}

func testLeaves(t *testing.T, b *bench) {
	before := goleak.IgnoreCurrent()
	s, err := b.place.Open()
	if err != nil {
		t.Fatal(err)
	}
	m := First(t, "c1")
	b.swap(s, nil, m)
	tape := Watch(t, s)
	tape.Epoch(0, 1)
	if _, err := s.Register(b.ctx(), router("r1")); err != nil {
		t.Fatal(err)
	}
	l, err := s.Lock(b.ctx(), "job", "me")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	<-tape.over // ended by the store
	if err := tape.End(); err == nil || !strings.Contains(err.Error(), shard.ErrClosed.Error()) {
		t.Errorf("a watch of a closed store returned %v", err)
	}
	<-l.Lost()
	goleak.VerifyNone(t, before)
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}
