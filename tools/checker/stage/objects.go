package stage

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/tools/checker/history"
	"github.com/berthdb/berth/tools/checker/workload"
)

// patience is how long the checker itself tries a statement, through whatever
// is broken meanwhile.
const patience = 2 * time.Minute

// Make makes the objects of a round.
func (s *Stage) Make(ctx context.Context, p *router.Repository, round int64) error {
	return s.every(ctx, round, func(ctx context.Context, o history.Object) error {
		return workload.Make(ctx, p.Member(o.Member), o)
	})
}

// Remove removes the objects of a round.
func (s *Stage) Remove(ctx context.Context, p *router.Repository, round int64) error {
	return s.every(ctx, round, func(ctx context.Context, o history.Object) error {
		return workload.Remove(ctx, p.Member(o.Member), o)
	})
}

// Finals are what the objects of a round hold now that its clients have stopped.
func (s *Stage) Finals(ctx context.Context, p *router.Repository, round int64) (map[history.Object]history.State, error) {
	states := make([]history.State, len(s.Members))
	err := s.every(ctx, round, func(ctx context.Context, o history.Object) (err error) {
		states[o.Member-1], err = workload.Fetch(ctx, p.Member(o.Member), o)
		return err
	})
	finals := make(map[history.Object]history.State)
	for i, m := range s.Members {
		finals[history.Object{Member: m, Round: round}] = states[i]
	}
	return finals, err
}

// every does something that may be repeated for each object of a round, until
// it is done.
func (s *Stage) every(ctx context.Context, round int64, do func(context.Context, history.Object) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, m := range s.Members {
		group.Go(func() error {
			o := history.Object{Member: m, Round: round}
			for {
				attempt, cancel := context.WithTimeout(ctx, 20*time.Second)
				err := do(attempt, o)
				cancel()
				if err == nil {
					return nil
				}
				select {
				case <-ctx.Done():
					return fmt.Errorf("%s: %w", o, err)
				case <-time.After(200 * time.Millisecond):
				}
			}
		})
	}
	return group.Wait()
}
