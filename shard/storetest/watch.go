package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/berthdb/berth/shard"
)

func testWatch(t *testing.T, b *bench) {
	s, m := b.with()
	tapes := []*Tape{Watch(t, s), Watch(t, s), Watch(t, b.open())}
	for _, tape := range tapes {
		if e, _ := tape.Epoch(0, 1); e.Map.Digest() != m.Digest() {
			t.Error("the first event has another map")
		}
	}
	for range 10 {
		next := Next(t, m, "x")
		b.swap(s, m, next)
		m = next
	}
	for _, tape := range tapes {
		if e, _ := tape.Epoch(0, m.Epoch()); e.Map.Digest() != m.Digest() {
			t.Error("the newest event has another map")
		}
		var epoch uint64
		for _, e := range tape.Events(0) {
			if e.Err != nil {
				t.Errorf("all was well, and the watch reported: %v", e.Err)
			} else if e.Map.Epoch() < epoch {
				t.Errorf("epoch %d came after %d", e.Map.Epoch(), epoch)
			} else {
				epoch = e.Map.Epoch()
			}
		}
		if err := tape.End(); !errors.Is(err, context.Canceled) {
			t.Errorf("the watch ended with %v", err)
		}
	}
}

func testWatchConfirms(t *testing.T, b *bench) {
	s, _ := b.with()
	tape := Watch(t, s)
	first, i := tape.Epoch(0, 1)
	for range 2 {
		var again shard.Event
		if again, i = tape.Epoch(i+1, 1); again.Map != first.Map {
			t.Error("an unchanged map was confirmed by another *Map")
		}
	}
}

func testWatchDeleted(t *testing.T, b *bench) {
	s := b.open()
	tape := Watch(t, s)
	noMap := func(e shard.Event) bool { return errors.Is(e.Err, shard.ErrNoMap) }
	_, i := tape.Wait(0, "that there is no map", noMap)
	m := First(t, "c1")
	b.swap(s, nil, m)
	_, i = tape.Epoch(i, 1)
	b.putRaw(nil)
	_, i = tape.Wait(i, "that the map was deleted", noMap)
	next := Next(t, m, "put back")
	b.put(next)
	_, i = tape.Epoch(i, 2)
	last := Next(t, next, "x")
	b.swap(s, next, last)
	tape.Epoch(i, 3)
}

func testWatchBack(t *testing.T, b *bench) {
	s, first := b.with()
	second := Next(t, first, "x")
	b.swap(s, first, second)
	tape := Watch(t, s)
	_, i := tape.Epoch(0, 2)

	b.put(first)
	back := func(e shard.Event) bool { return errors.Is(e.Err, shard.ErrWentBack) }
	_, i = tape.Wait(i, "an older map", back)
	b.put(Next(t, first, "another second"))
	_, i = tape.Wait(i+1, "another map of the same epoch", func(e shard.Event) bool { return back(e) })
	b.put(First(t, "c2"))
	_, i = tape.Wait(i+1, "another cluster's map", back)
	b.put(second)
	_, i = tape.Epoch(i, 2)
	b.swap(s, second, Next(t, second, "y"))
	tape.Epoch(i, 3)
	for _, e := range tape.Events(0) {
		if e.Map != nil && e.Map.Epoch() < 2 {
			t.Error("an older map came after a newer one")
		}
	}
}

func testWatchCorrupt(t *testing.T, b *bench) {
	s, m := b.with()
	tape := Watch(t, s)
	_, i := tape.Epoch(0, 1)
	b.putRaw([]byte("not a map"))
	_, i = tape.Wait(i, "a corrupt map", func(e shard.Event) bool { return errors.Is(e.Err, shard.ErrCorrupt) })
	b.put(Next(t, m, "mended"))
	tape.Epoch(i, 2)
}
