package file

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/berthdb/berth/shard"
)

// PutRecord makes or replaces a record under the directory's lock.
func (s *Store) PutRecord(ctx context.Context, r shard.Record) (shard.Record, error) {
	put := r
	put.Version = newVersion()
	err := r.Check()
	if err == nil {
		err = s.underLock(ctx, func() error {
			if err := s.compareRecord(r); err != nil {
				return err
			}
			if err := s.recordDir(r.Kind); err != nil {
				return err
			}
			return s.replace(recordName(r), encodeRecord(put))
		})
	}
	if err != nil {
		return r, fmt.Errorf("store record %s in %s: %w", r, s, advise(err))
	}
	return put, nil
}

// DeleteRecord deletes a record under the directory's lock.
func (s *Store) DeleteRecord(ctx context.Context, r shard.Record) error {
	err := (shard.Record{Kind: r.Kind, Name: r.Name}).Check()
	if err == nil {
		err = s.underLock(ctx, func() error {
			now, err := s.readRecord(r.Kind, r.Name)
			switch {
			case errors.Is(err, shard.ErrNoRecord):
				return nil
			case err != nil:
				return err
			case now.Version != r.Version:
				return fmt.Errorf("%w: version %d is not what is stored", shard.ErrConflict, r.Version)
			}
			if err := os.Remove(s.path(recordName(r))); err != nil {
				return err
			}
			return uncertain(syncDir(s.path("records", r.Kind)))
		})
	}
	if err != nil {
		return fmt.Errorf("delete record %s in %s: %w", r, s, advise(err))
	}
	return nil
}

// underLock calls fn while no other store changes anything.
func (s *Store) underLock(ctx context.Context, fn func() error) error {
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return fn()
}

// compareRecord refuses when what is stored is not the version that r has.
func (s *Store) compareRecord(r shard.Record) error {
	now, err := s.readRecord(r.Kind, r.Name)
	switch {
	case errors.Is(err, shard.ErrNoRecord) && r.Version == 0:
		return nil
	case errors.Is(err, shard.ErrNoRecord):
		return fmt.Errorf("%w: it was deleted", shard.ErrConflict)
	case err != nil:
		return err
	case now.Version != r.Version:
		return fmt.Errorf("%w: version %d is not what is stored", shard.ErrConflict, r.Version)
	}
	return nil
}

// recordDir makes the directory of a kind, for good: what is renamed into it
// must be there after a crash.
func (s *Store) recordDir(kind string) error {
	if _, err := os.Stat(s.path("records", kind)); err == nil {
		return nil
	}
	if err := s.mkdir("records"); err != nil {
		return err
	}
	if err := s.mkdir("records/" + kind); err != nil {
		return err
	}
	return errors.Join(syncDir(s.dir), syncDir(s.path("records")))
}

// newVersion draws a version: no counter has to outlive a record that is
// deleted. 0 is for a record that is not stored.
func newVersion() uint64 {
	for {
		if v := rand.Uint64(); v != 0 {
			return v
		}
	}
}
