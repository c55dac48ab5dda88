package stage

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"
)

// Begin has all clients begin a round, whose objects are there.
func (s *Stage) Begin(ctx context.Context, round int64) error {
	if err := os.MkdirAll(s.roundDir(round), 0o755); err != nil {
		return err
	}
	s.round = round
	return s.each(ctx, func(ctx context.Context, r *Router) error {
		r.round = round
		return r.begin(ctx)
	})
}

// End has all clients end the round, and gives the directory of its histories.
// It waits for the last answers; every process must run, or be dead.
func (s *Stage) End(ctx context.Context) (dir string, err error) {
	err = s.each(ctx, func(ctx context.Context, r *Router) error {
		err := r.end(ctx)
		r.round = 0
		return err
	})
	dir = s.roundDir(s.round)
	if err != nil {
		err = fmt.Errorf("end round %d: %w", s.round, err)
	}
	s.round = 0
	return dir, err
}

func (s *Stage) each(ctx context.Context, fn func(context.Context, *Router) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range s.Routers {
		group.Go(func() error {
			r.orders.Lock()
			defer r.orders.Unlock()
			return fn(ctx, r)
		})
	}
	return group.Wait()
}
