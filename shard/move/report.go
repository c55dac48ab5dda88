package move

import (
	"context"
	"time"
)

// reportEvery is how often the record gets the counters, and is looked at for
// what somebody wants.
const reportEvery = 300 * time.Millisecond

// report writes the job's progress until ctx ends, and ends the phase with the
// reason when something else is wanted.
func (r *run) report(ctx context.Context, cancel context.CancelCauseFunc) {
	var last counters
	var seen time.Time
	for {
		j, err := r.worker.jobs.Get(ctx, r.id)
		if err == nil {
			switch {
			case j.Want == WantPause:
				cancel(errPause)
			case j.Want == WantCancel && j.Switched.IsZero() && j.Phase != Cleaning:
				cancel(errCancel)
			case j.Want == WantRollback && j.Phase == Reversible:
				r.wake(errRollback)
			case j.Want == WantComplete && j.Phase == Reversible:
				r.wake(errComplete)
			case j.Phase == Ready && !j.Options.Hold:
				r.wake(nil)
			}
			now := r.snapshot()
			if now != last || time.Since(seen) > 5*time.Second {
				last, seen = now, time.Now()
				_, _ = r.write(ctx, func(*Job) {})
			}
		}
		if pauseFor(ctx, reportEvery) != nil {
			return
		}
	}
}

// counters are the part of the record that changes all the time.
type counters struct {
	rowsCopied, rowsTotal, bytesCopied int64
	rowsApplied, rowsCleaned           int64
	rowsPerSecond, lagMs, eta          int64
	verifiedRows, mismatch             int64
	throttledBy                        string
}

// sample is how many rows were through at one moment.
type sample struct {
	at   time.Time
	rows int64
}

// rateOver is the time that the rate of rows is told of.
const rateOver = 10 * time.Second

// start takes over what the record says.
func (r *run) start(j *Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.started {
		return
	}
	r.started = true
	r.counters = counters{
		rowsCopied: j.RowsCopied, rowsTotal: j.RowsTotal, bytesCopied: j.BytesCopied, rowsApplied: j.RowsApplied, rowsCleaned: j.RowsCleaned,
		verifiedRows: j.VerifiedRows, mismatch: j.Mismatches, eta: -1,
	}
}

func (r *run) setThrottle(t *throttle) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.throttle = t
}

// setActing notes what somebody wanted that is being done now.
func (r *run) setActing(w Want) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acting = w
}

// stopping takes back what was wanted when doing it has come to an end in an
// error: somebody has to look, and ask again.
func (r *run) stopping(j *Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if j.Want == r.acting {
		j.Want = WantRun
	}
}

// count changes the counters.
func (r *run) count(fn func(c *counters)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fn(&r.counters)
}

// snapshot is the counters with rate and ETA as they are now.
func (r *run) snapshot() counters {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &r.counters
	// Verifying reads what copying wrote, at several times its speed; both
	// count towards the end, a verified row as a fraction of a copied one.
	const verifyShare = 4
	through := c.rowsCopied + c.rowsCleaned + c.verifiedRows/verifyShare
	now := time.Now()
	r.samples = append(r.samples, sample{at: now, rows: through})
	for len(r.samples) > 2 && now.Sub(r.samples[0].at) > rateOver {
		r.samples = r.samples[1:]
	}
	c.rowsPerSecond, c.eta = 0, -1
	first := r.samples[0]
	if d := now.Sub(first.at).Seconds(); d > 0.5 && through > first.rows {
		rate := float64(through-first.rows) / d
		c.rowsPerSecond = int64(rate)
		left := max(0, c.rowsTotal-c.rowsCopied) + max(0, c.rowsTotal-c.verifiedRows)/verifyShare
		c.eta = int64(float64(left)/rate + 0.5)
	}
	c.throttledBy = ""
	if r.throttle != nil {
		c.throttledBy = r.throttle.holding()
	}
	return *c
}

// merge writes the counters into the record.
func (r *run) merge(j *Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started {
		return
	}
	c := r.counters
	j.RowsCopied, j.RowsTotal, j.BytesCopied, j.RowsApplied, j.RowsCleaned = c.rowsCopied, c.rowsTotal, c.bytesCopied, c.rowsApplied, c.rowsCleaned
	j.RowsPerSecond, j.LagMs, j.ETASeconds = c.rowsPerSecond, c.lagMs, c.eta
	j.VerifiedRows, j.Mismatches, j.ThrottledBy = c.verifiedRows, c.mismatch, c.throttledBy
}

// wake tells the phase that waits that something is asked of it.
func (r *run) wake(why error) {
	select {
	case r.asked <- why:
	default:
	}
}
