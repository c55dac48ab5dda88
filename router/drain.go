package router

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
)

// drain waits until nothing is in flight on the spans that the view froze, and
// acknowledges its epoch. Half way to a freeze's deadline it ends what is
// left. What it can't see the end of it does not acknowledge.
func (r *Router) drain(ctx context.Context, v *view) {
	var frozen []shard.Entry
	for _, e := range v.m.Entries() {
		if e.Frozen != nil {
			frozen = append(frozen, *e)
		}
	}
	if len(frozen) == 0 {
		return
	}
	var g errgroup.Group
	for _, e := range frozen {
		g.Go(func() error { return r.drainSpan(ctx, v.byShard[e.Shard], e) })
	}
	switch err := g.Wait(); {
	case errors.Is(err, errUndone):
		r.log.Info("a freeze ended before it was drained", "epoch", v.m.Epoch(), "error", err)
		return
	case err != nil:
		r.log.Error("a freeze is not acknowledged", "epoch", v.m.Epoch(), "error", err)
		return
	}
	r.acknowledge(v.m.Epoch())
}

var errUndone = errors.New("the freeze is over")

// frozen reports whether the freeze still stands by the current map. Once it
// does not there is no reason to end anything.
func (r *Router) frozen(e shard.Entry) bool {
	for _, now := range r.view.Load().m.Entries() {
		if now.Span == e.Span {
			return now.Frozen != nil && now.Frozen.Attempt == e.Frozen.Attempt
		}
	}
	return false
}

func (r *Router) drainSpan(ctx context.Context, home *server, e shard.Entry) error {
	deadline := time.Now().Add(time.Until(e.Frozen.Deadline) / 2)
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for _, t := range r.gate.covered(e.Span, e.Shard) {
		if t.elsewhere(home) {
			continue
		}
		select {
		case <-t.left:
			continue
		default:
		}
		select {
		case <-t.left:
		case <-timer.C:
			timer.Reset(0) // the ones that follow are past it too
			if !r.frozen(e) {
				return fmt.Errorf("%s at shard %s: %w", e.Span, e.Shard, errUndone)
			}
			if err := r.endTicket(ctx, t); err != nil {
				return fmt.Errorf("end what is in flight on %s at shard %s: %w", e.Span, e.Shard, err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// elsewhere reports whether the ticket is for certain in flight on another
// server than that one, such as a primary of before: what becomes of it there
// is no part of what is handed over.
func (t *ticket) elsewhere(s *server) bool {
	c := t.conn.Load()
	return c != nil && c.UUID() != "" && s.shard.Primary.UUID != "" && c.UUID() != s.shard.Primary.UUID
}

// endTicket ends a statement or transaction for which the drain can't wait any
// longer: it calls back what has no connection yet, rolls back an idle
// transaction, and kills the session of all else and sees it gone. Several
// drains may come to the same ticket, since what they froze overlaps.
func (r *Router) endTicket(ctx context.Context, t *ticket) error {
	switch {
	case t.fate.CompareAndSwap(waiting, revoked), r.rollBack(ctx, t):
		r.gate.leave(t)
		return nil
	case confirmedEnd.off() && t.take(killed):
		_ = t.conn.Load().Close()
		r.gate.leave(t)
		return nil
	case t.take(killed):
		if err := t.server.end(ctx, t); err != nil {
			r.orphan(t) // so that it leaves some time, also if no drain comes again
			return err
		}
		r.gate.leave(t)
		return nil
	}
	switch t.fate.Load() {
	case orphaned, killed: // nobody else will ever have its connection
		if err := t.server.end(ctx, t); err != nil {
			return err
		}
		r.gate.leave(t)
		return nil
	}
	// It is about to leave by itself, or another drain has it.
	select {
	case <-t.left:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rollbackLimit is how long a server has to roll back before its session is
// killed.
const rollbackLimit = 5 * time.Second

// rollBack ends a transaction in which nothing is under way by ROLLBACK, and
// gives its connection on. It is false when there is none, or it could not.
func (r *Router) rollBack(ctx context.Context, t *ticket) bool {
	if !t.mu.TryLock() {
		return false
	}
	defer t.mu.Unlock()
	if t.tx == nil || t.open > 0 || t.ended != nil || !t.take(rolledBack) {
		return false
	}
	c := t.conn.Load()
	ctx, cancel := context.WithTimeout(ctx, rollbackLimit)
	defer cancel()
	// By its text, because driver.Tx has no way to give up.
	if _, err := c.ExecContext(ctx, "ROLLBACK", nil); err != nil {
		t.fate.Store(inUse) // for whoever is next to kill it
		return false
	}
	t.ended = t.failed(RanNot, ErrEnded)
	if t.state {
		t.server.pool.discard(c)
	} else {
		t.server.pool.put(c)
	}
	return true
}
