package move

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
)

// switched records that the span lives on the new owner.
func (r *run) switched(ctx context.Context, pause time.Duration) error {
	return r.update(ctx, func(j *Job) {
		j.Switched, j.Error = time.Now().UTC(), ""
		if j.Want == WantCancel {
			j.Want = WantRun
			j.note("it was too late to cancel: `berth job rollback %s` brings the members back", j.ID)
		}
		if pause > 0 {
			j.PauseMs = float64(pause.Microseconds()) / 1000
		}
		j.note("switched to %s; the way back is open", j.To)
		j.enter(Reversible)
	})
}

// returned records that the span lives on the old owner again.
func (r *run) returned(ctx context.Context) error {
	return r.update(ctx, func(j *Job) {
		j.Switched, j.Ending, j.Error = time.Time{}, RolledBack, ""
		if j.Want == WantRollback {
			j.Want = WantRun
		}
		j.note("rolled back to %s", j.From)
		j.enter(Cleaning)
	})
}

// reversible keeps the old owner current until somebody rolls back or
// completes.
func (r *run) reversible(ctx context.Context, m *shard.Map, j *Job) error {
	if j.Phase != Reversible {
		if err := r.enter(ctx, Reversible); err != nil {
			return err
		}
	}
	if r.once && j.Want == WantRun {
		return errStill
	}
	if j.Want == WantComplete {
		return r.completed(ctx)
	}
	r.setThrottle(nil) // keeping up must not wait
	t := r.newTail(r.to, r.from, r.genFrom, nil)
	start, err := wayBack(ctx, r.from.db, r.id)
	if err != nil {
		return err
	}
	if err := t.prepare(ctx, "back", start); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return t.run(gctx) })
	g.Go(func() error { return r.follow(gctx, t) })
	g.Go(func() error { return r.retention(gctx, t) })
	g.Go(func() error { return r.sample(gctx, t) })
	g.Go(func() error {
		if err := r.wayBackAsked(gctx, j); err != nil {
			if errors.Is(err, errComplete) {
				return errors.Join(r.completed(gctx), errOver)
			}
			if !errors.Is(err, errRollback) {
				return err
			}
		}
		r.setActing(WantRollback)
		if err := r.trusted(gctx, t); err != nil {
			return err
		}
		if err := r.cutOver(gctx, t, r.to, r.from, r.genTo, false, func(ctx context.Context, pause time.Duration) error { return r.returned(ctx) }); err != nil {
			return err
		}
		return errOver
	})
	if err := g.Wait(); !errors.Is(err, errOver) {
		return err
	}
	return nil
}

// trusted compares everything before a rollback, if a difference was ever found
// on the way back. Without one the samples have to do: who rolls back is in a
// hurry.
func (r *run) trusted(ctx context.Context, t *tail) error {
	j, err := r.worker.jobs.Get(ctx, r.id)
	if err != nil || j.Mismatches == 0 {
		return err
	}
	if err := r.catchUp(ctx, t); err != nil {
		return err
	}
	return r.verify(ctx, t)
}

// wayBackAsked waits for what is asked of the job.
func (r *run) wayBackAsked(ctx context.Context, j *Job) error {
	if j.Want == WantRollback {
		return errRollback
	}
	var timer <-chan time.Time
	if d := j.Options.CompleteAfter; d > 0 {
		timer = time.After(time.Until(j.Switched.Add(d)))
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer:
			return errComplete
		case why := <-r.asked:
			if why != nil {
				return why
			}
		}
	}
}

// completed closes the way back.
func (r *run) completed(ctx context.Context) error {
	return r.update(ctx, func(j *Job) {
		j.Ending, j.Want = Done, WantRun
		j.enter(Cleaning)
	})
}

// cancelled gives the copy up.
func (r *run) cancelled(ctx context.Context) error {
	return r.update(ctx, func(j *Job) {
		j.Ending, j.Want, j.Paused, j.Error = Cancelled, WantRun, false, ""
		j.enter(Cleaning)
	})
}

// wayBack is where the stream from the new owner to the old one begins: what
// the new owner had executed at the switch. It was kept on the old owner.
func wayBack(ctx context.Context, db *sql.DB, job string) (start string, err error) {
	err = db.QueryRowContext(ctx, "SELECT position FROM `_berth`.`move_lanes` WHERE database_name = DATABASE() AND job = ? AND lane = 'back'", job).Scan(&start)
	if err != nil {
		return "", fmt.Errorf("the start of the way back of job %s: %w", job, err)
	}
	return start, nil
}
