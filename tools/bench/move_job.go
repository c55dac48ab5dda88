package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"runtime/pprof"

	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move"
)

// worker runs the cluster's jobs until stop is called.
func (c *cluster) worker(ctx context.Context) (stop func() error, err error) {
	store, err := c.openStore() // of its own, as another process would have
	if err != nil {
		return nil, err
	}
	cfg := c.moveConfig()
	cfg.Store = store
	w, err := move.NewWorker(cfg)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	var failed error
	done.Go(func() {
		pprof.Do(ctx, pprof.Labels("through", "mover"), func(ctx context.Context) { failed = w.Run(ctx) })
	})
	return func() error {
		cancel()
		done.Wait()
		return errors.Join(failed, store.Close())
	}, nil
}

func (c *cluster) moveConfig() move.Config {
	root := c.servers[s1].Root()
	return move.Config{Store: c.store, Name: "bench", Instance: instance.Config{User: root.User, Password: instance.Literal(root.Password)}}
}

// start plans a move to s2 and starts it.
func (c *cluster) start(ctx context.Context, r move.Request) (*move.Job, error) {
	r.Kind, r.To, r.Author = move.KindMove, shardName(s2), "bench"
	p, err := move.MakePlan(ctx, c.moveConfig(), r)
	if err != nil {
		return nil, err
	}
	return move.Start(ctx, c.moveConfig(), p)
}

// patience is how long any step of a job may take.
const patience = 10 * time.Minute

// until waits for the job to be as wanted; a failed one is an error.
func (c *cluster) until(ctx context.Context, id, what string, ok func(*move.Job) bool) (*move.Job, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it took more than %s", patience))
	defer cancel()
	for {
		j, err := c.jobs.Get(ctx, id)
		switch {
		case err != nil:
			return nil, err
		case ok(j):
			return j, nil
		case j.Phase == move.Failed || j.Paused:
			return nil, fmt.Errorf("job %s stands still before it is %s: %s", id, what, j.Error)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for job %s, which is %s, to be %s: %w", id, j.Phase, what, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (c *cluster) phase(ctx context.Context, id string, p move.Phase) (*move.Job, error) {
	return c.until(ctx, id, string(p), func(j *move.Job) bool { return j.Phase == p })
}

// drop ends a job whose copy is on s2 and removes the copy, faster than the
// job's own cleaning would: nothing else is on s2.
func (c *cluster) drop(ctx context.Context, id string) error {
	j, err := c.jobs.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := c.empty(ctx, s2); err != nil {
		return err
	}
	if j.Phase != move.Cleaning && !j.Phase.Ended() {
		if _, err := c.jobs.Ask(ctx, id, move.WantCancel, nil); err != nil {
			return err
		}
	}
	_, err = c.until(ctx, id, "over", func(j *move.Job) bool { return j.Phase.Ended() })
	return err
}

// span is a stretch of time.
type span struct{ from, to time.Time }

func (s span) length() time.Duration { return s.to.Sub(s.from) }

// spent is when the job was in a phase that is over, the last time if there
// were several.
func spent(j *move.Job, p move.Phase) span {
	for i := len(j.Steps) - 1; i >= 0; i-- {
		if s := j.Steps[i]; s.Phase == p {
			return span{s.At, s.At.Add(time.Duration(s.Ms) * time.Millisecond)}
		}
	}
	return span{}
}

// total is how long the phases took together.
func total(j *move.Job, phases ...move.Phase) (d time.Duration) {
	for _, p := range phases {
		d += spent(j, p).length()
	}
	return d
}
