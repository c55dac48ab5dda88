package motion

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/berthdb/berth/shard/move"
)

// follow brings a job to the end that was chosen for it, and asks what has to
// be asked on the way. A job that does not get there in the limit is a problem.
func (n *lane) follow(ctx context.Context, job *move.Job, e ending) error {
	jobs := move.NewJobs(n.Config.Store)
	began := time.Now()
	since, phase := began, job.Phase
	var asked move.Want
	onTheWay := 1 + n.random.IntN(10) // looks at the job before it is paused or cancelled
	for ctx.Err() == nil {
		n.sleep(ctx, poll)
		j, err := jobs.Get(ctx, job.ID)
		if err != nil {
			continue // the store is away; the job is not
		}
		if j.Phase != phase {
			since, phase = time.Now(), j.Phase
		}
		if j.Phase.Ended() {
			n.ended(j.Kind, j.Phase)
			n.Say("motion: job %s is %s after %v, %d rows, %d attempts, paused for %.0f ms", j.ID, j.Phase,
				time.Since(began).Round(time.Millisecond), j.RowsCopied, j.Attempts, j.PauseMs)
			return nil
		}
		if time.Since(since) > n.Limit {
			n.problem("job %s has been %s for %v, wants %q, error %q", j.ID, j.Phase, n.Limit, j.Want, j.Error)
			return fmt.Errorf("job %s does not come to an end", j.ID)
		}
		onTheWay--
		switch {
		case j.Phase == move.Failed:
			n.Say("motion: job %s failed: %s", j.ID, j.Error)
			n.sleep(ctx, time.Second)
			err = n.ask(ctx, jobs, j.ID, move.WantRun)
		case onTheWay == 0 && e.cancel && j.Switched.IsZero():
			err = n.ask(ctx, jobs, j.ID, move.WantCancel)
		case onTheWay == 0 && e.pause && j.Switched.IsZero():
			if err = n.ask(ctx, jobs, j.ID, move.WantPause); err == nil {
				n.sleep(ctx, time.Duration(1+n.random.IntN(3))*time.Second)
			}
		case j.Paused || j.Want == move.WantPause:
			err = n.ask(ctx, jobs, j.ID, move.WantRun)
		case j.Phase == move.Reversible && asked != e.want:
			n.sleep(ctx, time.Duration(n.random.Int64N(int64(4*time.Second))))
			if err = n.ask(ctx, jobs, j.ID, e.want); err == nil {
				asked = e.want
			}
		}
		if err != nil && !errors.Is(err, move.ErrNotNow) {
			n.Say("motion: job %s: %v", job.ID, err)
		}
	}
	return ctx.Err()
}

func (n *lane) ask(ctx context.Context, jobs *move.Jobs, id string, want move.Want) error {
	_, err := jobs.Ask(ctx, id, want, nil)
	return err
}
