package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/berthdb/berth/shard"
)

func testHistory(t *testing.T, b *bench) {
	s, m := b.with()
	maps := []*shard.Map{nil, m}
	for i := range 12 {
		m = Next(t, m, fmt.Sprint("change ", i))
		b.swap(s, maps[len(maps)-1], m)
		maps = append(maps, m)
	}
	b.checkHistory(s, 13)
	for e := 1; e < len(maps); e++ {
		got, err := s.At(b.ctx(), uint64(e))
		if err != nil || got.Digest() != maps[e].Digest() {
			t.Errorf("epoch %d: %v", e, err)
		}
	}
	for _, e := range []uint64{0, 14, 1 << 63} {
		if _, err := s.At(b.ctx(), e); !errors.Is(err, shard.ErrNoEpoch) {
			t.Errorf("epoch %d: %v", e, err)
		}
	}
}

func testHistoryBounded(t *testing.T, b *bench) {
	s, m := b.with()
	const past = shard.HistoryLength + 60
	for m.Epoch() <= past {
		next := Next(t, m, fmt.Sprint("from ", m.Epoch()))
		b.swap(s, m, next)
		m = next
	}
	var epochs []uint64
	b.eventually("the history is trimmed", func() bool {
		var err error
		if epochs, err = s.History(b.ctx()); err != nil {
			t.Fatal(err)
		}
		return len(epochs) < past
	})
	if kept := len(epochs) - 1; kept < shard.HistoryLength {
		t.Errorf("only %d past epochs are kept", kept)
	}
	for i, e := range epochs {
		if e != epochs[0]+uint64(i) {
			t.Fatalf("the history has a gap: %d", epochs)
		}
	}
	if _, err := s.At(b.ctx(), 1); !errors.Is(err, shard.ErrNoEpoch) {
		t.Errorf("the first epoch: %v", err)
	}
	if _, err := s.At(b.ctx(), epochs[0]); err != nil {
		t.Errorf("the oldest epoch listed: %v", err)
	}
}

// What a map's future left in the history does not count after it went back,
// and is replaced as the epochs are made anew.
func testHistoryWentBack(t *testing.T, b *bench) {
	s, first := b.with()
	m := first
	for range 4 {
		next := Next(t, m, "before")
		b.swap(s, m, next)
		m = next
	}
	second, err := s.At(b.ctx(), 2)
	if err != nil {
		t.Fatal(err)
	}
	b.put(second)
	if epochs, err := s.History(b.ctx()); err != nil || !slices.Equal(epochs, []uint64{1, 2}) {
		t.Errorf("history after going back: %d, %v", epochs, err)
	}
	if _, err := s.At(b.ctx(), 3); !errors.Is(err, shard.ErrNoEpoch) {
		t.Errorf("an epoch of the future: %v", err)
	}
	third := Next(t, second, "after")
	b.swap(s, second, third)
	b.swap(s, third, Next(t, third, "after"))
	got, err := s.At(b.ctx(), 3)
	if err != nil || got.Digest() != third.Digest() {
		t.Errorf("epoch 3 is not the one made last: %v", err)
	}
}
