package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
)

func router(id string) shard.RouterState {
	return shard.RouterState{Incarnation: id, Name: "test on host", Version: "v1", Epoch: 1}
}

func (b *bench) register(s shard.Store, r shard.RouterState) shard.Registration {
	b.t.Helper()
	reg, err := s.Register(b.ctx(), r)
	if err != nil {
		b.t.Fatal(err)
	}
	return reg
}

// routers gives the list by incarnation.
func (b *bench) routers(s shard.Store) map[string]shard.RouterState {
	b.t.Helper()
	list, err := s.Routers(b.ctx())
	if err != nil {
		b.t.Fatal(err)
	}
	out := map[string]shard.RouterState{}
	for _, r := range list {
		if _, ok := out[r.Incarnation]; ok {
			b.t.Errorf("router %s is listed twice", r.Incarnation)
		}
		out[r.Incarnation] = r
	}
	return out
}

func testRouters(t *testing.T, b *bench) {
	s, other := b.open(), b.open()
	began := time.Now().Add(-time.Minute)
	one, two := b.register(s, router("r1")), b.register(s, router("r2"))
	list := b.routers(other)
	if len(list) != 2 {
		t.Fatalf("routers: %v", list)
	}
	if !one.Held() || !two.Held() {
		t.Error("a new registration is not held")
	}
	got := list["r1"]
	if got.SeenAt.Before(began) {
		t.Errorf("r1 was seen at %s", got.SeenAt)
	}
	got.SeenAt = time.Time{}
	if !reflect.DeepEqual(got, router("r1")) {
		t.Errorf("r1 is %+v", got)
	}

	state := router("r1")
	state.Epoch, state.Drained = 7, 7
	state.Pauses = []shard.Pause{
		{Attempt: "m-1/2", Span: shard.Span{Range: shard.Range{End: 0x40 << 56}}, Held: 12, Failed: 1, LongestMs: 31.5, EndedAt: began.UTC()},
		{Attempt: "m-2/1", Span: shard.Span{Pin: shard.Int(42)}, Held: 1, LongestMs: 0.25, EndedAt: began.UTC()},
	}
	if err := one.Announce(b.ctx(), state); err != nil {
		t.Fatal(err)
	}
	if got := b.routers(other)["r1"]; got.Epoch != 7 || got.Drained != 7 || !samePauses(got.Pauses, state.Pauses) {
		t.Errorf("announced: %+v", got)
	}
	if err := one.Announce(b.ctx(), router("r3")); err == nil {
		t.Error("a registration changed its incarnation")
	}

	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if one.Held() {
		t.Error("a closed registration is held")
	}
	if list := b.routers(other); len(list) != 1 || list["r2"].Incarnation == "" {
		t.Errorf("routers after one left: %v", list)
	}
	if err := one.Announce(b.ctx(), state); !errors.Is(err, shard.ErrClosed) {
		t.Errorf("announced by a closed registration: %v", err)
	}
	if err := one.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func samePauses(a, b []shard.Pause) bool {
	return slices.EqualFunc(a, b, func(x, y shard.Pause) bool {
		at := x.EndedAt.Equal(y.EndedAt)
		x.EndedAt, y.EndedAt = time.Time{}, time.Time{}
		return at && x == y
	})
}

func testRoutersOfClosed(t *testing.T, b *bench) {
	s, err := b.place.Open()
	if err != nil {
		t.Fatal(err)
	}
	reg := b.register(s, router("r1"))
	other := b.open()
	if list := b.routers(other); len(list) != 1 {
		t.Fatalf("routers: %v", list)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if list := b.routers(other); len(list) != 0 {
		t.Errorf("a closed store's routers: %v", list)
	}
	if reg.Held() {
		t.Error("a closed store's registration is held")
	}
}

func testRouterNames(t *testing.T, b *bench) {
	s := b.open()
	for _, id := range badNames {
		if _, err := s.Register(b.ctx(), router(id)); err == nil {
			t.Errorf("incarnation %q was taken", id)
		}
	}
}

var badNames = []string{"", ".", "..", "../x", "a/b", "a b", ".hidden", "ä", "a\x00b", string(make([]byte, 200))}
