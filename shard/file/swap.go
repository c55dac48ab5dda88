package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/berthdb/berth/shard"
)

// Swap replaces the map old by next under the directory's lock.
func (s *Store) Swap(ctx context.Context, old, next *shard.Map) error {
	if err := s.swap(ctx, old, next); err != nil {
		return fmt.Errorf("store the shard map of epoch %d in %s: %w", next.Epoch(), s, err)
	}
	return nil
}

func (s *Store) swap(ctx context.Context, old, next *shard.Map) error {
	if old != nil {
		if err := old.CheckNext(next); err != nil {
			return err
		}
	}
	b, err := next.Encode()
	if err != nil {
		return err
	}
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	unlock, err := s.lock(ctx)
	if err != nil {
		return advise(err)
	}
	defer unlock()
	stored, err := s.compare(old)
	if err != nil {
		return err
	}
	if old != nil {
		if err := s.remember(old.Epoch(), stored); err != nil {
			return advise(err)
		}
	}
	if err := s.replace("map", b); err != nil {
		return advise(err)
	}
	s.trim(next.Epoch())
	return nil
}

// compare gives the stored bytes if they are the map old, or nil when both
// there is no map and old is nil.
func (s *Store) compare(old *shard.Map) ([]byte, error) {
	b, err := s.read()
	switch {
	case errors.Is(err, shard.ErrNoMap) && old == nil:
		return nil, nil
	case errors.Is(err, shard.ErrNoMap):
		return nil, fmt.Errorf("%w: it was deleted", shard.ErrConflict)
	case err != nil:
		return nil, err
	}
	now, err := s.decode(b)
	switch {
	case err != nil:
		return nil, err
	case old == nil:
		return nil, fmt.Errorf("%w: there is one already, of epoch %d", shard.ErrConflict, now.Epoch())
	case now.Digest() != old.Digest():
		return nil, fmt.Errorf("%w: the change was made from epoch %d, and epoch %d is stored", shard.ErrConflict, old.Epoch(), now.Epoch())
	}
	return b, nil
}

// replace puts b in place of a file, durably, and only ever as a whole. The
// caller holds the directory's lock, so one name serves for all temporary
// files, and what a crash left there is overwritten.
func (s *Store) replace(name string, b []byte) error {
	next := s.path(".next")
	if err := writeSynced(next, b); err != nil {
		_ = os.Remove(next) // on a full disk it is in the way
		return err
	}
	if err := os.Rename(next, s.path(name)); err != nil {
		return err
	}
	return uncertain(syncDir(s.path(name, "..")))
}

// uncertain is the error of a change that was made and then not synced.
func uncertain(err error) error {
	if err != nil {
		return fmt.Errorf("%w: it is in place but not certain to outlive a crash: %w", shard.ErrUnknownOutcome, err)
	}
	return nil
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// advise adds what an operator can do about the file system's answer.
func advise(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; run this as the account that owns the directory, and see that it may write there", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w; free some space there, what was stored before is still in place", err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w; mount it for writing", err)
	}
	return err
}
