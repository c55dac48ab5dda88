package router

import (
	"context"
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
		g.Go(func() error { return r.drainSpan(ctx, e) })
	}
	if err := g.Wait(); err != nil {
		r.log.Error("a freeze is not acknowledged", "epoch", v.m.Epoch(), "error", err)
		return
	}
	r.acknowledge(v.m.Epoch())
}

func (r *Router) drainSpan(ctx context.Context, e shard.Entry) error {
	deadline := time.Now().Add(time.Until(e.Frozen.Deadline) / 2)
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for _, t := range r.gate.covered(e.Span, e.Shard) {
		select {
		case <-t.left:
			continue
		default:
		}
		select {
		case <-t.left:
		case <-timer.C:
			timer.Reset(0) // the ones that follow are past it too
			if err := r.endTicket(ctx, t); err != nil {
				return fmt.Errorf("end what is in flight on %s at shard %s: %w", e.Span, e.Shard, err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// endTicket ends a statement or transaction for which the drain can't wait any
// longer: it calls back what has no connection yet, rolls back an idle
// transaction, and kills the session of all else and sees it gone.
func (r *Router) endTicket(ctx context.Context, t *ticket) error {
	if t.fate.CompareAndSwap(waiting, revoked) {
		r.gate.leave(t)
		return nil
	}
	if t.mu.TryLock() {
		idle := t.tx != nil && t.open == 0 && t.ended == nil
		if idle && t.take(rolledBack) {
			if err := t.tx.Rollback(); err == nil {
				t.ended = t.failed(RanNot, ErrEnded)
				t.server.pool.put(t.conn.Load())
				r.gate.leave(t)
				t.mu.Unlock()
				return nil
			}
			t.fate.Store(killed)
		}
		t.mu.Unlock()
	}
	if fate := t.fate.Load(); fate == settled || (fate == inUse && !t.take(killed)) {
		// It is about to leave by itself.
		select {
		case <-t.left:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := t.server.end(ctx, t); err != nil {
		return err
	}
	r.gate.leave(t)
	return nil
}
