package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/berthdb/berth/shard"
)

const (
	// overdueMargin is how long past its deadline, by this host's clock, a
	// freeze stands before the router takes it for forgotten.
	overdueMargin = time.Second
	// overdueSpread is what is added at random, so that one router does it and
	// the others hear of it.
	overdueSpread = time.Second
	// overdueAgain is how long the router waits before it looks for a freeze's
	// worker again; less than the time after which a store frees the lock of a
	// dead one.
	overdueAgain = time.Second
	overdueLimit = 10 * time.Second // for one try
)

// relieve ends freezes whose deadline has passed and whose worker is gone, so
// that no member waits for somebody who will not come back.
func (r *Router) relieve(ctx context.Context) {
	late := overdueMargin + rand.N(overdueSpread)
	said := map[string]string{} // by attempt, the latest failure
	for ctx.Err() == nil && !abortOverdue.off() {
		v := r.view.Load()
		overdue, next := v.overdue(late)
		if len(overdue) == 0 {
			clear(said)
		}
		for _, e := range overdue {
			if err := r.abort(ctx, e, late); err != nil && ctx.Err() == nil && said[e.Frozen.Attempt] != err.Error() {
				said[e.Frozen.Attempt] = err.Error()
				level := slog.LevelWarn
				if errors.Is(err, shard.ErrLocked) { // its worker lives, or another router is at it
					level = slog.LevelInfo
				}
				r.log.Log(ctx, level, "a freeze is past its deadline and is not ended yet", "span", e.Span.String(), "attempt", e.Frozen.Attempt, "error", err)
			}
			next = overdueAgain + rand.N(overdueAgain/4)
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-v.replaced:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// overdue lists what has been frozen until so long after its deadline, and
// says when the next freeze of the view will be.
func (v *view) overdue(late time.Duration) (list []shard.Entry, next time.Duration) {
	next = time.Hour
	if len(v.frozen) == 0 {
		return nil, next
	}
	for _, e := range v.m.Entries() {
		switch {
		case e.Frozen == nil:
		case isOverdue(*e, late):
			list = append(list, *e)
		default:
			next = min(next, time.Until(e.Frozen.Deadline.Add(late)))
		}
	}
	return list, max(next, time.Millisecond)
}

func isOverdue(e shard.Entry, late time.Duration) bool {
	return e.Frozen != nil && time.Until(e.Frozen.Deadline.Add(late)) <= 0
}

// abort gives the span back to its owner if nobody holds the lock of the job
// that froze it. A living worker, however late, is left to end it itself.
func (r *Router) abort(ctx context.Context, e shard.Entry, late time.Duration) (err error) {
	ctx, cancel := context.WithTimeout(ctx, overdueLimit)
	defer cancel()
	lock, err := r.cfg.Store.Lock(ctx, shard.JobLock(e.Frozen.Attempt), "router "+r.cfg.Name+", to abort attempt "+e.Frozen.Attempt)
	if err != nil {
		return fmt.Errorf("see whether its worker lives: %w", err)
	}
	defer func() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), overdueLimit)
		defer cancel()
		if unlockErr := lock.Unlock(bounded); unlockErr != nil {
			err = errors.Join(err, unlockErr)
		}
	}()
	defer r.askStore() // whoever ended it: without waiting for the watch
	for {
		m, err := r.cfg.Store.Load(ctx)
		if err != nil {
			return fmt.Errorf("abort the attempt: %w", err)
		}
		now, ok := m.Find(e.Span)
		if !ok || now.Frozen == nil || now.Frozen.Attempt != e.Frozen.Attempt || !isOverdue(now, late) {
			return nil
		}
		next, err := m.Abort(shard.Change{
			Author: "router " + r.cfg.Name, Time: time.Now(),
			Action: fmt.Sprintf("abort the move of %s to %s", e.Span, now.Frozen.To),
			Reason: fmt.Sprintf("attempt %s is past its deadline and its worker is gone", now.Frozen.Attempt),
		}, e.Span, now.Frozen.Attempt)
		if err != nil {
			return fmt.Errorf("abort the attempt: %w", err)
		}
		err = r.cfg.Store.Swap(ctx, m, next)
		switch {
		case err == nil:
			r.log.Warn("ended a freeze that was past its deadline and whose worker is gone",
				"span", e.Span.String(), "attempt", e.Frozen.Attempt, "epoch", next.Epoch())
			return nil
		case !errors.Is(err, shard.ErrConflict):
			return fmt.Errorf("abort the attempt: %w", err)
		}
	}
}
