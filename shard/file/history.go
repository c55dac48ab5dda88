package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"github.com/berthdb/berth/shard"
)

// epochName sorts as the epochs do.
func epochName(epoch uint64) string { return fmt.Sprintf("%020d", epoch) }

// At is the map of a past or the present epoch.
func (s *Store) At(ctx context.Context, epoch uint64) (*shard.Map, error) {
	now, err := s.Load(ctx)
	switch {
	case err != nil:
		return nil, err
	case epoch == now.Epoch():
		return now, nil
	case epoch > now.Epoch():
		return nil, fmt.Errorf("%w: epoch %d, and %s is at epoch %d", shard.ErrNoEpoch, epoch, s, now.Epoch())
	}
	path := s.path("history", epochName(epoch))
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: epoch %d is no longer in %s; berth map history lists what is", shard.ErrNoEpoch, epoch, s)
	}
	if err != nil {
		return nil, fmt.Errorf("read the shard map of epoch %d: %w", epoch, err)
	}
	m, err := shard.Decode(b)
	if err == nil && m.Epoch() != epoch {
		err = fmt.Errorf("%w: it is of epoch %d", shard.ErrCorrupt, m.Epoch())
	}
	if err != nil {
		return nil, fmt.Errorf("read the shard map of epoch %d from %s: %w", epoch, path, err)
	}
	return m, nil
}

// History lists the epochs that At can give, oldest first.
func (s *Store) History(ctx context.Context) ([]uint64, error) {
	now, err := s.Load(ctx)
	if err != nil {
		return nil, err
	}
	past, err := s.epochs()
	if err != nil {
		return nil, fmt.Errorf("list the history of %s: %w", s, err)
	}
	// Epochs from the present on are left over from before the map was put
	// back to an older one.
	past = slices.DeleteFunc(past, func(e uint64) bool { return e >= now.Epoch() })
	return append(past, now.Epoch()), nil
}

// epochs lists the files of the history, oldest first.
func (s *Store) epochs() ([]uint64, error) {
	entries, err := os.ReadDir(s.path("history")) // sorted by name
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []uint64
	for _, e := range entries {
		if n, err := strconv.ParseUint(e.Name(), 10, 64); err == nil && e.Name() == epochName(n) {
			out = append(out, n)
		}
	}
	return out, nil
}

// remember puts the map that is about to be replaced into the history. The
// caller holds the directory's lock and has read b as the current map.
func (s *Store) remember(epoch uint64, b []byte) error {
	if err := s.mkdir("history"); err != nil {
		return err
	}
	err := s.replace("history/"+epochName(epoch), b)
	if errors.Is(err, shard.ErrUnknownOutcome) {
		// Only the history's own file is uncertain: the map is untouched.
		return fmt.Errorf("sync the history: %v", err)
	}
	return err
}

// trim removes the oldest epochs beyond what a store has to keep. It runs
// after the swap, which is done even if this fails.
func (s *Store) trim(now uint64) {
	past, err := s.epochs()
	for i := 0; err == nil && i < len(past)-shard.HistoryLength; i++ {
		err = os.Remove(s.path("history", epochName(past[i])))
	}
	if err != nil {
		s.log.Warn("trim the shard map's history", "store", s.String(), "epoch", now, "error", err)
	}
}
