package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// following says how a job is followed.
type following struct {
	foreground bool // run it here at once
	takeUp     bool // run it here when no worker does
	watching   bool // it is berth job watch, which Ctrl-C ends as a rule, and which streams

	// good says whether the job came where the command was to bring it; nil:
	// anywhere but to a failure.
	good func(*move.Job) bool
}

const (
	// takeUpAfter is how long a job may be silent before its lock is looked at.
	takeUpAfter = 3 * time.Second
	lookEvery   = 300 * time.Millisecond
	// endsWithin is how long a job's run here may take to end, once the job
	// is where it stands still.
	endsWithin = 3 * time.Second
)

// follower watches one job, and runs it if nobody else does.
type follower struct {
	a      *app
	c      *cluster
	jobs   *move.Jobs
	f      following
	first  *move.Job // as it was when the command had asked what it wanted
	job    *move.Job // as it was seen last
	shown  *jobProgress
	worker *ownWorker // nil while the job is not run here
	heard  time.Time  // when a worker showed itself last, by this clock
	silent bool       // the store's, was told of
}

// follow shows the job's progress until it stands still or Ctrl-C, and then
// what came of it.
func (a *app) follow(ctx context.Context, c *cluster, j *move.Job, f following) error {
	w := &follower{a: a, c: c, jobs: move.NewJobs(c.store), f: f, first: j, job: j, shown: newJobProgress(a, f.watching && a.json())}
	err := w.run(ctx)
	w.shown.end()
	switch {
	case errors.Is(err, errDetached):
		return w.leave()
	case err != nil:
		return err
	}
	return a.conclude(w.job, f)
}

// errDetached: Ctrl-C.
var errDetached = errors.New("detached")

// run returns when the job stands still, or can't be followed any longer.
func (w *follower) run(ctx context.Context) error {
	w.heard = time.Now()
	if w.f.foreground {
		if err := w.takeUp(ctx); err != nil {
			return err
		}
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := w.shown.show(w.job); err != nil {
			return errors.Join(err, w.worker.stop())
		}
		if standsStill(w.first, w.job) {
			return w.worker.settle()
		}
		if w.nobody(ctx) {
			w.shown.say("no worker runs job %s, so this command does; Ctrl-C stops that and loses nothing", w.job.ID)
			if err := w.takeUp(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			_ = w.worker.stop()                    // it was interrupted, and says so
			_ = w.look(context.WithoutCancel(ctx)) // what is known already will do
			return errDetached
		case <-w.worker.ended():
			err := w.worker.stop()
			if ctx.Err() != nil {
				return errDetached
			}
			if lost := w.look(ctx); lost != nil {
				return lost
			}
			if err != nil && !standsStill(w.first, w.job) { // else the record says why
				return advise(fmt.Errorf("job %s stands still: %w", w.job.ID, err), "when that is mended, \"berth job resume %s\" goes on", w.job.ID)
			}
			w.worker = nil // somebody else has the job now, or it is over
		case <-tick.C:
			if err := w.look(ctx); err != nil {
				return errors.Join(err, w.worker.stop())
			}
		}
	}
}

// look reads the job anew. A store that does not answer is told of and asked
// again: the job may well go on. A job that is gone is an error.
func (w *follower) look(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	j, err := w.jobs.Get(bounded, w.job.ID)
	switch {
	case err == nil:
		if touched(w.job, j) {
			w.heard = time.Now()
		}
		w.job, w.silent = j, false
	case errors.Is(err, move.ErrNoJob):
		return err
	case ctx.Err() == nil && !w.silent:
		w.silent = true
		w.shown.say("%v; looking again until it answers", err)
	}
	return nil
}

// nobody reports whether the job has to be run here: it was silent, and its
// lock is free.
func (w *follower) nobody(ctx context.Context) bool {
	if !w.f.takeUp || w.worker != nil || time.Since(w.heard) < takeUpAfter {
		return false
	}
	bounded, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	lock, err := w.c.store.Lock(bounded, shard.JobLock(w.job.ID), "looking whether anybody runs it")
	if err == nil {
		err = lock.Unlock(bounded)
	}
	w.heard = time.Now() // also of a store that does not answer: look tells of that
	return err == nil
}

// takeUp begins to run the job here.
func (w *follower) takeUp(ctx context.Context) error {
	cfg := w.c.mover()
	cfg.Logger = w.c.cfg.Logger(w.shown)
	worker, err := move.NewWorker(cfg)
	if err != nil {
		return err
	}
	w.worker = runHere(ctx, worker, w.job.ID)
	return nil
}

// leave tells what becomes of a job that is watched no longer.
func (w *follower) leave() error {
	id := w.job.ID
	if w.worker != nil {
		fmt.Fprintf(w.a.err, "job %s stands still here and has lost nothing: \"berth job resume %[1]s\" takes it up again, as any \"berth serve --worker\" does\n", id)
		return statusError(exitFailed)
	}
	fmt.Fprintf(w.a.err, "detached: job %s goes on where a worker runs it, and \"berth job watch %[1]s\" shows it; without a worker it stands still, and \"berth job resume %[1]s\" takes it up\n", id)
	if w.a.json() && !w.f.watching {
		return printJSON(w.a.out, w.job)
	}
	return nil
}

// touched reports whether a worker has worked on the job since.
func touched(first, now *move.Job) bool {
	return now.UpdatedAt.After(first.UpdatedAt) || now.Phase != first.Phase
}

// standsStill reports whether nothing more happens to the job by itself. First
// is the job when the command had asked what it wanted.
func standsStill(first, j *move.Job) bool {
	switch {
	case j.Phase.Ended():
		return true
	case j.Phase == move.Failed:
		// One that was just told to go on has failed before, not again.
		return j.Want != move.WantCancel && j.Want != move.WantRollback && (!j.Approve || touched(first, j))
	case j.Paused:
		return j.Want == move.WantRun || j.Want == move.WantPause
	case j.Phase == move.Ready:
		return j.Options.Hold && j.Want == move.WantRun
	case j.Phase == move.Reversible:
		return j.Want == move.WantRun
	}
	return false
}
