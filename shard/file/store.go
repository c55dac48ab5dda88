package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/berthdb/berth/shard"
)

// retryEvery is how often a swap asks for the lock that another process holds.
const retryEvery = 2 * time.Millisecond

// Store is a shard.Store in a directory.
type Store struct {
	dir  string
	log  *slog.Logger
	life *life
	turn chan struct{} // full while a swap of this Store runs: saves it from polling against itself
}

var _ shard.Store = (*Store)(nil)

func (s *Store) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

// mkdir makes one of the directories inside the store's own, which itself is
// made by Open only: where its disk is not mounted, nothing must be written.
func (s *Store) mkdir(name string) error {
	if err := os.Mkdir(s.path(name), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// String is the store's URL.
func (s *Store) String() string {
	return (&url.URL{Scheme: "file", Path: s.dir}).String()
}

// Close ends all watches, registrations and locks and waits for them. It must
// not be called from a watch's own function.
func (s *Store) Close() error {
	s.life.close()
	return nil
}

// Load is the current map.
func (s *Store) Load(ctx context.Context) (*shard.Map, error) {
	_, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the shard map from %s: %w", s, err)
	}
	defer done()
	b, err := s.read()
	if err != nil {
		return nil, err
	}
	return s.decode(b)
}

// read gives the stored bytes of the map.
func (s *Store) read() ([]byte, error) {
	b, err := os.ReadFile(s.path("map"))
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, fs.ErrNotExist):
		// A directory that is gone is no answer of the store: perhaps its
		// disk is not mounted.
		if _, dirErr := os.Stat(s.dir); dirErr != nil {
			return nil, fmt.Errorf("load the shard map from %s: %w; mount or restore the directory", s, dirErr)
		}
		return nil, fmt.Errorf("load the shard map from %s: %w; make it with berth init", s, shard.ErrNoMap)
	}
	return nil, fmt.Errorf("load the shard map from %s: %w; check the file's owner and mode", s, err)
}

func (s *Store) decode(b []byte) (*shard.Map, error) {
	m, err := shard.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("load the shard map from %s: %w; put back a good one, the past ones are in %s", s, err, s.path("history"))
	}
	return m, nil
}

// lock takes the directory's lock for a swap, waiting for it until ctx ends.
func (s *Store) lock(ctx context.Context) (unlock func(), _ error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	// A new Flock each time: flock belongs to the open file, so it is this
	// that keeps out other Stores of the same process too.
	l := flock.New(s.path("lock"))
	if ok, err := l.TryLockContext(ctx, retryEvery); !ok {
		<-s.turn
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return func() {
		if err := l.Close(); err != nil {
			s.log.Warn("unlock the file store", "store", s.String(), "error", err)
		}
		<-s.turn
	}, nil
}
