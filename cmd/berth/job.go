package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

func newJob(a *app) *cobra.Command {
	return group("job", "The moves: how far they are, and what may be asked of them",
		`A split, a move, a merge and an unpin are jobs: they are kept in the store, run by
a worker (berth serve --worker, or the command itself), and outlive both.`,
		"  berth job list\n  berth job watch 251124-k3x9q\n  berth job complete 251124-k3x9q",
		newJobList(a), newJobShow(a), newJobWatch(a), newJobPause(a), newJobResume(a), newJobCancel(a), newJobRollback(a), newJobComplete(a))
}

// job opens the store and reads a job of it.
func (a *app) job(ctx context.Context, id string) (*cluster, *move.Job, error) {
	c, err := a.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	j, err := move.NewJobs(c.store).Get(bounded, id)
	if err != nil {
		c.close()
		return nil, nil, err
	}
	return c, j, nil
}
