package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/berthdb/berth/shard"
)

// Routers lists the routers whose processes live, and removes the files of
// those that do not.
func (s *Store) Routers(ctx context.Context) ([]shard.RouterState, error) {
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the routers in %s: %w", s, err)
	}
	defer done()
	entries, err := os.ReadDir(s.path("routers")) // sorted by name
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the routers in %s: %w", s, advise(err))
	}
	var out []shard.RouterState
	for _, e := range entries {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("list the routers in %s: %w", s, context.Cause(ctx))
		}
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || shard.CheckName("router", id) != nil {
			continue
		}
		r, alive, err := s.router(id)
		if err != nil {
			s.log.Warn("a router's entry can't be read", "router", id, "store", s.String(), "error", err)
		}
		if alive {
			out = append(out, r)
		}
	}
	return out, nil
}

// router reads one router's state, unless its process is gone.
func (s *Store) router(id string) (r shard.RouterState, alive bool, _ error) {
	gone, err := abandoned(s.lockPath(id), func() {
		s.forget(id)
		_ = os.Remove(s.lockPath(id))
	})
	if err != nil || gone {
		return r, false, err
	}
	path := s.statePath(id)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil // closed meanwhile
	}
	if err != nil {
		return r, false, err
	}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err == nil && r.Incarnation != id {
		err = fmt.Errorf("it is of router %q", r.Incarnation)
	}
	r.SeenAt = info.ModTime().UTC()
	return r, err == nil, err
}
