package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
)

func (b *bench) lock(s shard.Store, name, who string) shard.Lock {
	b.t.Helper()
	l, err := s.Lock(b.ctx(), name, who)
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

// refused fails unless the lock is said to be held by who.
func (b *bench) refused(s shard.Store, name, who string) {
	b.t.Helper()
	_, err := s.Lock(b.ctx(), name, "somebody else")
	var locked *shard.LockedError
	if !errors.Is(err, shard.ErrLocked) || !errors.As(err, &locked) {
		b.t.Fatalf("Lock while %s holds it: %v", who, err)
	}
	if locked.Holder != who || locked.Name != name || time.Since(locked.Since).Abs() > time.Hour {
		b.t.Errorf("the lock of %s is described as %+v", who, locked)
	}
}

func testLock(t *testing.T, b *bench) {
	s := b.open()
	one := b.lock(s, "job-1", "me")
	b.refused(s, "job-1", "me")
	two := b.lock(s, "job-2", "me too")
	if err := one.Unlock(b.ctx()); err != nil {
		t.Fatal(err)
	}
	if err := one.Unlock(b.ctx()); err != nil {
		t.Errorf("unlocked twice: %v", err)
	}
	again := b.lock(s, "job-1", "me again")
	select {
	case <-two.Lost():
		t.Error("a lock was lost for no reason")
	case <-again.Lost():
		t.Error("a lock was lost for no reason")
	default:
	}
	for _, l := range []shard.Lock{two, again} {
		if err := l.Unlock(b.ctx()); err != nil {
			t.Error(err)
		}
	}
}

func testLockTwoStores(t *testing.T, b *bench) {
	one, err := b.place.Open()
	if err != nil {
		t.Fatal(err)
	}
	two := b.open()
	l := b.lock(one, "job", "one")
	b.refused(two, "job", "one")
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	<-l.Lost() // closing a store gives its locks up
	if err := l.Unlock(b.ctx()); err != nil {
		t.Errorf("unlock what is lost: %v", err)
	}
	l = b.lock(two, "job", "two")
	if err := l.Unlock(b.ctx()); err != nil {
		t.Error(err)
	}
}

// Whatever the timing, two never hold one lock.
func testLockRace(t *testing.T, b *bench) {
	var inside, taken atomic.Int32
	var all errgroup.Group
	for i := range 6 {
		s := b.open()
		all.Go(func() error {
			for range 10 {
				l, err := s.Lock(b.ctx(), "job", fmt.Sprint("racer ", i))
				if errors.Is(err, shard.ErrLocked) {
					time.Sleep(time.Millisecond)
					continue
				}
				if err != nil {
					return err
				}
				taken.Add(1)
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				time.Sleep(time.Millisecond)
				inside.Add(-1)
				if err := l.Unlock(b.ctx()); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
	if taken.Load() == 0 {
		t.Error("nobody got the lock")
	}
}

func testLockNames(t *testing.T, b *bench) {
	s := b.open()
	for _, name := range badNames {
		if _, err := s.Lock(b.ctx(), name, "me"); err == nil {
			t.Errorf("lock %q was taken", name)
		}
	}
}
