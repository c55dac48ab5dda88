package file_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
)

// A lock's file is removed when it is given back, so a contender may have
// opened a file that is gone by the time it locks it.
func TestLockFilesComeAndGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var inside atomic.Int32
	var all errgroup.Group
	for range 6 {
		s := open(t, dir)
		all.Go(func() error {
			for range 500 {
				l, err := s.Lock(ctx(t), "job", "me")
				if errors.Is(err, shard.ErrLocked) {
					continue
				}
				if err != nil {
					return err
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				inside.Add(-1)
				if err := l.Unlock(ctx(t)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}
