package move

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The waits of the cutover.
const (
	defaultDrain    = time.Second
	defaultAttempts = 20
	longTransaction = 500 * time.Millisecond
)

// cutOver tries until the span has switched, or the attempts are used up.
// Between attempts nothing is held.
func (r *run) cutOver(ctx context.Context, t *tail, from, to *server, generation uint64, back bool, record func(context.Context, time.Duration) error) error {
	patience := r.worker.cfg.limits.patience
	for tries, wait := 1, time.Second; ; tries, wait = tries+1, min(2*wait, 30*time.Second) {
		waited, err := r.waitForLong(ctx, from, patience)
		if err != nil {
			return err
		}
		patience = max(0, patience-waited)
		if err := r.sameShape(ctx, t); err != nil {
			return err
		}
		if err := r.catchUp(ctx, t); err != nil {
			return err
		}
		c, attempts, err := r.attempt(ctx, t, from, to, generation, back)
		if err != nil {
			return err
		}
		err = c.run(ctx)
		if err == nil {
			r.log.Info("switched", "span", r.span.String(), "to", to.shard.Name, "pause", c.pause)
			if err := r.fail.at("before-record-switch"); err != nil {
				return err
			}
			if err := r.noteSessions(ctx, c.killed, from); err != nil {
				return err
			}
			if err := record(ctx, r.feltPause(ctx, c)); err != nil {
				return err
			}
			return r.fail.at("after-record-switch")
		}
		var off *errBackOff
		if !errors.As(err, &off) || ctx.Err() != nil {
			return err
		}
		r.log.Warn("an attempt to cut over gave up; nothing has changed", "attempt", c.id(), "why", err, "next", wait)
		err = r.update(ctx, func(j *Job) { j.note("attempt %s gave up and changed nothing: %v", c.id(), off) })
		if err != nil {
			return err
		}
		if tries >= attempts {
			return fmt.Errorf("%w: %d attempts to cut over gave up, the last one since %w; when that is over: `berth job resume %s`", errFailed, tries, off, r.id)
		}
		if err := pauseFor(ctx, wait); err != nil {
			return err
		}
	}
}

// attempt takes the next number, which is used once.
func (r *run) attempt(ctx context.Context, t *tail, from, to *server, generation uint64, back bool) (*cutover, int, error) {
	c := &cutover{
		store: r.worker.cfg.Store, from: from, to: to, tail: t, span: r.span, job: r.id,
		incarnation: r.worker.incarnation, generation: generation, back: back,
		change: r.change, fail: r.fail, belongs: r.samePins,
	}
	attempts := defaultAttempts
	j, err := r.write(ctx, func(j *Job) {
		j.Attempts++
		j.enter(CuttingOver)
	})
	if err != nil {
		return nil, 0, err
	}
	// What was asked for until here comes first; from here on it may be too late.
	switch {
	case j.Want == WantPause:
		return nil, 0, errPause
	case j.Want == WantCancel && j.Switched.IsZero():
		return nil, 0, errCancel
	}
	c.attempt, c.kill, c.drain = j.Attempts, j.Options.Kill, j.Options.Drain
	if c.drain == 0 {
		c.drain = defaultDrain
	}
	if j.Options.Attempts > 0 {
		attempts = j.Options.Attempts
	}
	return c, attempts, nil
}

// waitForLong gives transactions that have been open for long the time to end,
// before anybody is held up for them.
func (r *run) waitForLong(ctx context.Context, from *server, limit time.Duration) (waited time.Duration, err error) {
	began := time.Now()
	for {
		open, err := openTransactions(ctx, from.db, r.worker.incarnation, longTransaction)
		if err != nil {
			return 0, fmt.Errorf("looking for open transactions on %s: %w", from.shard.Name, err)
		}
		if len(open) == 0 || time.Since(began) >= limit {
			return time.Since(began), nil
		}
		if err := pauseFor(ctx, 100*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// noteSessions names the sessions of strangers that the cutover ended.
func (r *run) noteSessions(ctx context.Context, killed []Session, from *server) error {
	if len(killed) == 0 {
		return nil
	}
	return r.update(ctx, func(j *Job) {
		for _, s := range killed[:min(len(killed), 10)] {
			j.note("ended session %d of %s@%s on %s (%s), which was no router's", s.ID, s.User, s.Host, from.shard.Name, orNone(s.Program))
		}
		if n := len(killed) - 10; n > 0 {
			j.note("and %d more sessions that were no router's", n)
		}
	})
}

func orNone(s string) string {
	if s == "" {
		return "no program name"
	}
	return s
}

// feltPause is the longest that a client waited, as the routers tell within a
// moment of the switch; the mover's own time from freeze to switch if none of
// them held anything.
func (r *run) feltPause(ctx context.Context, c *cutover) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	longest := time.Duration(0)
	for try := range 5 {
		if try > 0 && pauseFor(ctx, 150*time.Millisecond) != nil {
			break
		}
		routers, err := r.worker.cfg.Store.Routers(ctx)
		if err != nil || len(routers) == 0 {
			break
		}
		for _, router := range routers {
			for _, p := range router.Pauses {
				if p.Attempt == c.id() {
					longest = max(longest, time.Duration(p.LongestMs*float64(time.Millisecond)))
				}
			}
		}
	}
	if longest == 0 {
		return c.pause
	}
	return longest
}
