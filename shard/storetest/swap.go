package storetest

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
)

func testNothingStored(t *testing.T, b *bench) {
	s := b.open()
	if _, err := s.Load(b.ctx()); !errors.Is(err, shard.ErrNoMap) {
		t.Errorf("Load: %v", err)
	}
	if _, err := s.At(b.ctx(), 1); !errors.Is(err, shard.ErrNoMap) {
		t.Errorf("At: %v", err)
	}
	if _, err := s.History(b.ctx()); !errors.Is(err, shard.ErrNoMap) {
		t.Errorf("History: %v", err)
	}
	if routers, err := s.Routers(b.ctx()); err != nil || len(routers) != 0 {
		t.Errorf("Routers: %v, %v", routers, err)
	}
	first := First(t, "c1")
	if err := s.Swap(b.ctx(), first, Next(t, first, "x")); !errors.Is(err, shard.ErrConflict) {
		t.Errorf("Swap of a map that is not there: %v", err)
	}
}

func testFirstMap(t *testing.T, b *bench) {
	s, m := b.with()
	b.stored(s, m)
	b.stored(b.open(), m)
	if err := s.Swap(b.ctx(), nil, First(t, "c2")); !errors.Is(err, shard.ErrConflict) {
		t.Errorf("a second first map: %v", err)
	}
	b.stored(s, m)
}

func testTwoFirstMaps(t *testing.T, b *bench) {
	const n = 8
	won := make([]error, n)
	var all errgroup.Group
	for i := range n {
		s, m := b.open(), First(t, fmt.Sprint("c", i))
		all.Go(func() error {
			won[i] = s.Swap(b.ctx(), nil, m)
			return nil
		})
	}
	_ = all.Wait()
	winner := -1
	for i, err := range won {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Errorf("both %d and %d made the first map", winner, i)
		case !errors.Is(err, shard.ErrConflict):
			t.Errorf("%d: %v", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody made the first map")
	}
	if m, err := b.open().Load(b.ctx()); err != nil || m.Cluster() != fmt.Sprint("c", winner) {
		t.Errorf("stored is the map of %v (%v), but %d won", m, err, winner)
	}
}

// A map that was lost is put back with the epoch it had.
func testPutBack(t *testing.T, b *bench) {
	m := First(t, "c1")
	for range 5 {
		m = Next(t, m, "x")
	}
	s := b.open()
	b.swap(s, nil, m)
	b.stored(s, m)
	b.swap(s, m, Next(t, m, "y"))
}

func testCorrupt(t *testing.T, b *bench) {
	s, m := b.with()
	b.putRaw([]byte("{"))
	if _, err := s.Load(b.ctx()); !errors.Is(err, shard.ErrCorrupt) {
		t.Errorf("Load: %v", err)
	}
	if err := s.Swap(b.ctx(), m, Next(t, m, "x")); !errors.Is(err, shard.ErrCorrupt) {
		t.Errorf("Swap: %v", err)
	}
	if err := s.Swap(b.ctx(), nil, m); !errors.Is(err, shard.ErrCorrupt) {
		t.Errorf("Swap of the first map: %v", err)
	}
	b.put(m)
	b.stored(s, m)
}

func testSwap(t *testing.T, b *bench) {
	s, m := b.with()
	other := b.open()
	for i := range 5 {
		next := Next(t, m, fmt.Sprint("change ", i))
		b.swap(s, m, next)
		b.stored(s, next)
		b.stored(other, next)
		s, other, m = other, s, next
	}
}

func testConflict(t *testing.T, b *bench) {
	s, m := b.with()
	b.swap(s, m, Next(t, m, "winner"))
	if err := b.open().Swap(b.ctx(), m, Next(t, m, "loser")); !errors.Is(err, shard.ErrConflict) {
		t.Errorf("a change of a past map: %v", err)
	}
	// The same epoch is not enough: it is another map.
	twin, err := m.SetShard(By("twin"), shard.Shard{Name: "a", Database: "other", Primary: shard.Instance{Address: "192.0.2.9:3306"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Swap(b.ctx(), twin, Next(t, twin, "x")); !errors.Is(err, shard.ErrConflict) {
		t.Errorf("a change of another map of the same epoch: %v", err)
	}
	if now, err := s.Load(b.ctx()); err != nil || now.Change().Action != "winner" {
		t.Errorf("stored is %v, %v", now, err)
	}
}

func testIllegalNext(t *testing.T, b *bench) {
	s, m := b.with()
	skipped := Next(t, Next(t, m, "x"), "y")
	if err := s.Swap(b.ctx(), m, skipped); err == nil {
		t.Error("an epoch was skipped")
	}
	if err := s.Swap(b.ctx(), m, m); err == nil {
		t.Error("a map followed itself")
	}
	d := m.Document()
	d.Epoch, d.Ranges[0].Shard = 2, "b"
	stolen, err := shard.New(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Swap(b.ctx(), m, stolen); err == nil {
		t.Error("a range changed its owner without a freeze")
	}
	b.stored(s, m)
}

func testTooLarge(t *testing.T, b *bench) {
	s := b.open()
	if err := s.Swap(b.ctx(), nil, Pinned(t, "c1", 30_000)); !errors.Is(err, shard.ErrTooLarge) {
		t.Errorf("Swap: %v", err)
	}
	if _, err := s.Load(b.ctx()); !errors.Is(err, shard.ErrNoMap) {
		t.Errorf("something is stored: %v", err)
	}
}

// A map and the one that it replaces fill more than one value together.
func testLarge(t *testing.T, b *bench) {
	s, m := b.open(), Pinned(t, "c1", 12_000)
	b.swap(s, nil, m)
	next := Next(t, m, "x")
	b.swap(s, m, next)
	b.stored(b.open(), next)
	past, err := s.At(b.ctx(), 1)
	if err != nil || past.Digest() != m.Digest() {
		t.Errorf("the large map did not go into the history: %v", err)
	}
	if err := s.Swap(b.ctx(), m, Next(t, m, "y")); !errors.Is(err, shard.ErrConflict) {
		t.Errorf("a late change of the large map: %v", err)
	}
}

func testRacingSwaps(t *testing.T, b *bench) {
	const swaps, each = 64, 2
	s1, _ := b.with()
	stores := []shard.Store{s1, b.open(), b.open()}
	var all errgroup.Group
	for i := range swaps {
		s := stores[i%len(stores)]
		all.Go(func() error {
			for j := 0; j < each; {
				m, err := s.Load(b.ctx())
				if err != nil {
					return err
				}
				next, err := NextMap(m, fmt.Sprintf("%d/%d", i, j))
				if err != nil {
					return err
				}
				switch err := s.Swap(b.ctx(), m, next); {
				case err == nil:
					j++
				case !errors.Is(err, shard.ErrConflict):
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	b.checkHistory(s1, swaps*each+1)
}

// checkHistory fails unless each epoch up to last is there once and every
// change that was acknowledged is one of them.
func (b *bench) checkHistory(s shard.Store, last uint64) {
	b.t.Helper()
	epochs, err := s.History(b.ctx())
	if err != nil {
		b.t.Fatal(err)
	}
	notes := map[string]bool{}
	var before *shard.Map
	for i, e := range epochs {
		if e != uint64(i+1) {
			b.t.Fatalf("the history is %d", epochs)
		}
		m, err := s.At(b.ctx(), e)
		if err != nil {
			b.t.Fatal(err)
		}
		if before != nil {
			if err := before.CheckNext(m); err != nil {
				b.t.Errorf("history: %v", err)
			}
		}
		before = m
		notes[m.Change().Action] = true
	}
	if before == nil || before.Epoch() != last || len(notes) != int(last) {
		b.t.Errorf("the history has %d epochs of %d different changes, want %d", len(epochs), len(notes), last)
	}
}
