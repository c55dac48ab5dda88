package router_test

import (
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestDrainStopsWhenItsFreezeIsUndone(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	m, span := f.MemberOn(0, 0), rangeOn(f, 0)
	tx, err := p.Member(m).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // after the commit it has nothing to do
	if _, err := tx.ExecContext(t.Context(), insert, m.String(), 1, "x"); err != nil {
		t.Fatal(err)
	}
	working(t, f.Store)
	frozen := freeze(f, span, "s2", 800*time.Millisecond)
	eventually(t, "the router has the freeze", func() bool { return p.Router().Epoch() == frozen.Epoch() })
	undone := f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Abort(f.Change("abort"), span, "a1") })
	eventually(t, "the router has its end", func() bool { return p.Router().Epoch() == undone.Epoch() })
	time.Sleep(time.Second) // past the point where the drain would have ended it
	if err := tx.Commit(); err != nil {
		t.Errorf("commit after the freeze was undone: %v", err)
	}
}
