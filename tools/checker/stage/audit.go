package stage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/checker/history"
	"github.com/berthdb/berth/tools/checker/workload"
)

// Audit looks at the servers themselves, past all routing, while no client
// works: each object is on its home as it was read through the router, and
// whole; and on another shard only where allowed says that there may be a copy.
// Objects of a round that was removed are nowhere at home. What it finds is for
// people.
//
// Moves may go on meanwhile: what they change during a look is looked at again.
func (s *Stage) Audit(ctx context.Context, finals map[history.Object]history.State, allowed func(ctx context.Context, member int64, shard string) (bool, error)) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var found []string
	for o, want := range finals {
		problem, err := s.settled(ctx, func(m *shard.Map) (string, error) { return s.home(ctx, m, o, want) })
		if err != nil {
			return found, err
		}
		if problem == "" {
			problem, err = s.settled(ctx, func(m *shard.Map) (string, error) { return s.copies(ctx, m, o.Member, allowed) })
			if err != nil {
				return found, err
			}
		}
		if problem != "" && !slices.Contains(found, problem) {
			found = append(found, problem)
		}
	}
	slices.Sort(found)
	return found, nil
}

// settled repeats a look that finds something for as long as the map changes
// under it, and a few seconds beyond: a job's record follows the map.
func (s *Stage) settled(ctx context.Context, look func(*shard.Map) (string, error)) (string, error) {
	var since time.Time
	var epoch uint64
	for {
		m, err := s.Store.Load(ctx)
		problem := ""
		if err == nil {
			problem, err = look(m)
		}
		if err == nil && problem == "" {
			return "", nil
		}
		if err == nil {
			if m.Epoch() != epoch || since.IsZero() {
				epoch, since = m.Epoch(), time.Now()
			}
			if time.Since(since) > 5*time.Second {
				return problem, nil
			}
		}
		select {
		case <-ctx.Done():
			return problem, fmt.Errorf("audit: %w (last: %w)", ctx.Err(), err)
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// home compares an object on its home.
func (s *Stage) home(ctx context.Context, m *shard.Map, o history.Object, want history.State) (string, error) {
	h, err := m.Home(shard.Int(o.Member))
	if err != nil {
		return "", err
	}
	got, err := workload.Fetch(ctx, s.Find(h.Shard.Name).Admin, o)
	if err != nil {
		return fmt.Sprintf("%s can't be read on its home %s: %v", o, h.Shard.Name, err), nil
	}
	if got.Register != want.Register || got.Length != want.Length || !slices.Equal(got.List, want.List) || !slices.Equal(got.Log, want.Log) {
		return fmt.Sprintf("%s is on its home %s otherwise than the router reads it: %+v, %+v", o, h.Shard.Name, got, want), nil
	}
	return "", nil
}

// copies looks for a member's rows on other shards than its home.
func (s *Stage) copies(ctx context.Context, m *shard.Map, member int64, allowed func(context.Context, int64, string) (bool, error)) (string, error) {
	h, err := m.Home(shard.Int(member))
	if err != nil {
		return "", err
	}
	for _, sh := range s.Shards {
		if sh.Name == h.Shard.Name {
			continue
		}
		var rows int
		err := sh.Admin.QueryRowContext(ctx,
			"SELECT (SELECT COUNT(*) FROM objects WHERE member_id = ?) + (SELECT COUNT(*) FROM entries WHERE member_id = ?)", member, member).Scan(&rows)
		if err != nil {
			return "", err
		}
		if rows == 0 {
			continue
		}
		ok, err := allowed(ctx, member, sh.Name)
		if err != nil {
			return "", err
		}
		if !ok {
			return fmt.Sprintf("member %d lives on %s and has %d rows on %s, where no job has left a copy", member, h.Shard.Name, rows, sh.Name), nil
		}
	}
	return "", nil
}

// Removed looks for objects of rounds before oldest on their members' homes.
func (s *Stage) Removed(ctx context.Context, oldest int64) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var found []string
	for _, member := range s.Members {
		problem, err := s.settled(ctx, func(m *shard.Map) (string, error) {
			h, err := m.Home(shard.Int(member))
			if err != nil {
				return "", err
			}
			var rows int
			err = s.Find(h.Shard.Name).Admin.QueryRowContext(ctx,
				"SELECT (SELECT COUNT(*) FROM objects WHERE member_id = ? AND id < ?) + (SELECT COUNT(*) FROM entries WHERE member_id = ? AND id < ?)",
				member, oldest, member, oldest).Scan(&rows)
			if err != nil || rows == 0 {
				return "", err
			}
			return fmt.Sprintf("member %d has %d rows on its home %s that were deleted", member, rows, h.Shard.Name), nil
		})
		if err != nil {
			return found, err
		}
		if problem != "" {
			found = append(found, problem)
		}
	}
	return found, nil
}
