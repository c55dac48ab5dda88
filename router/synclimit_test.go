package router

import (
	"context"
	"testing"
	"time"
)

func take(t *testing.T, l *syncLimit, fresh bool) (turn, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	got, err := l.acquire(ctx, fresh)
	return got, err == nil
}

func TestNewMembersHaveAtMostHalfOfTheTurns(t *testing.T) {
	l := newSyncLimits(SyncConfig{Max: 8}.withDefaults()).of("s1")
	fresh := 0
	for range 20 {
		if _, ok := take(t, l, true); ok {
			fresh++
		}
	}
	known := 0
	for range 20 {
		if _, ok := take(t, l, false); ok {
			known++
		}
	}
	if fresh != 4 || known != 4 {
		t.Errorf("%d turns for new members and %d for known ones, want 4 and 4", fresh, known)
	}
}

func TestBoundHalvesWhenTheShardIsSlowAndGrowsBack(t *testing.T) {
	l := newSyncLimits(SyncConfig{Max: 8, Slow: 10 * time.Millisecond}.withDefaults()).of("s1")
	one := func(spent time.Duration) {
		got, ok := take(t, l, false)
		if !ok {
			t.Fatal("no turn although none is taken")
		}
		got.release(spent, nil)
	}
	one(time.Millisecond)
	for range 4 {
		one(time.Second)
		l.cut = time.Time{} // as if time had passed
	}
	if l.limit > 2 {
		t.Errorf("the bound is %.1f after four slow rounds", l.limit)
	}
	l.usual = time.Millisecond
	for range 100 {
		one(time.Millisecond)
	}
	if l.limit != 8 {
		t.Errorf("the bound is %.1f after many quick ones, want 8", l.limit)
	}
}

func TestWaitingSyncGetsTheTurnThatIsGivenBack(t *testing.T) {
	l := newSyncLimits(SyncConfig{Max: 1}.withDefaults()).of("s1")
	first, _ := take(t, l, false)
	if _, ok := take(t, l, false); ok {
		t.Fatal("two turns of one")
	}
	got := make(chan error, 1)
	go func() {
		next, err := l.acquire(t.Context(), true)
		if err == nil {
			next.release(0, nil)
		}
		got <- err
	}()
	first.release(time.Millisecond, nil)
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	if l.running != 0 || l.fresh != 0 || len(l.waiting[0])+len(l.waiting[1]) != 0 {
		t.Errorf("left over: %+v", l)
	}
}
