package router

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/berthdb/berth/shard/instance"
)

// call is one statement, or the BEGIN of a transaction, on its way.
type call struct {
	to   target
	size int  // bytes that it holds in memory while it waits
	read bool // it changes and locks nothing, so that it may be sent twice
	// run sends it. When it returns keep, the ticket and the connection are
	// now in the hands of its result (rows, a transaction), which settles them.
	run func(ctx context.Context, t *ticket, c *pooled) (keep bool, err error)
}

// dispatch runs a call at its target's home. What provably did not run is
// tried again, by a newer map if need be, until the buffer's window is over or
// the server's breaker opens; a read whose connection broke is sent once more;
// nothing else is ever sent twice.
func (r *Router) dispatch(ctx context.Context, c call) error {
	var p patience
	var pause backoff.BackOff
	resent := false
	c.to.loose = c.to.loose || c.read && readsWait.off()
	for {
		t, err := r.enter(ctx, c.to, c.size, &p)
		if err != nil {
			return err
		}
		ran, err := r.attempt(ctx, t, c)
		var stale *staleError
		switch {
		case ran == ranReplied && err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()):
			// The caller had given up before the driver sent anything.
			return t.failed(RanNot, joined(ErrUnavailable, err))
		case err == nil || ran == ranReplied:
			return err
		case errors.Is(err, errRevoked):
			continue
		case errors.As(err, &stale):
			if err := r.awaitEpoch(ctx, stale.epoch, c.size, &p); err != nil {
				return t.failed(RanNot, err)
			}
			continue
		case ran == ranUnknown && (c.read || unknownStays.off()) && !resent && ctx.Err() == nil:
			resent = true
			continue
		case ran == ranUnknown:
			return t.broken(err)
		case ctx.Err() != nil:
			return t.failed(RanNot, joined(ErrUnavailable, joined(ctx.Err(), err)))
		case errors.Is(err, errOpen), errors.Is(err, instance.ErrRefused), errors.Is(err, ErrClosed):
			return t.failed(RanNot, joined(ErrUnavailable, err))
		}
		if pause == nil {
			pause = newPause()
		}
		if p.spent(r.cfg.Buffer.Window) || !sleep(ctx, pause.NextBackOff()) {
			return t.failed(RanNot, joined(ErrUnavailable, err))
		}
	}
}

func newPause() backoff.BackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = 10*time.Millisecond, 200*time.Millisecond
	return b
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// outcome is what an attempt came to.
type outcome int8

const (
	ranNot     outcome = iota // nothing was sent
	ranReplied                // the server answered, or the call is in its result's hands
	ranUnknown                // the connection broke after something was sent
)

var (
	errOpen    = errors.New("its breaker is open")
	errRevoked = errors.New("called back by a newer map before it was sent")
)

// staleError: the server's fence says that the map this was routed by is old.
type staleError struct{ epoch uint64 }

func (e *staleError) Error() string {
	return fmt.Sprintf("the server's fence asks for a map of epoch %d", e.epoch)
}

// attempt runs the call once, with the ticket, which it settles.
func (r *Router) attempt(ctx context.Context, t *ticket, c call) (outcome, error) {
	done, err := t.server.allow()
	if err != nil {
		r.gate.leave(t)
		return ranNot, err
	}
	conn, err := t.server.conn(ctx, t)
	done(err)
	if err != nil {
		r.gate.leave(t)
		return ranNot, err
	}
	t.read = c.read
	keep, err := c.run(ctx, t, conn)
	if keep {
		return ranReplied, nil
	}
	return r.settle(t, conn, err)
}

// settle gives the connection back, or closes it, after its last use, and
// takes the ticket out of the gate, unless something may still be under way
// on the server for it, or a drain has taken it over.
func (r *Router) settle(t *ticket, c *pooled, err error) (outcome, error) {
	if err == nil || replied(c, err) {
		switch {
		case !t.take(settled) || t.state:
			t.server.pool.discard(c)
		default:
			t.server.pool.put(c)
		}
		if t.fate.Load() == settled {
			r.gate.leave(t)
		}
		return ranReplied, err
	}
	t.server.failed(err)
	t.server.pool.discard(c)
	if instance.Definite(err) {
		if t.take(settled) {
			r.gate.leave(t)
		}
		return ranNot, err
	}
	r.probe(t.server)
	if t.take(orphaned) {
		r.orphan(t)
	}
	return ranUnknown, err
}

// replied reports whether the error leaves the connection as it was: it is
// the server's own answer, or the driver's word on something it did not send.
// A session that the server had ended for having been idle says so in the form
// of an answer, to a statement that it never read.
func replied(c *pooled, err error) bool {
	if instance.IsServerError(err) {
		return !instance.Definite(err)
	}
	return c.IsValid() && !instance.IsConnectionLost(err)
}

// failed makes the error of a statement that did not get its answer.
func (t *ticket) failed(ran Ran, err error) error {
	e := &StatementError{Member: t.member, Shard: t.shard, Ran: ran, Err: hideBadConn(err)}
	if t.server != nil {
		e.Instance = t.server.shard.Primary.Address
	}
	return e
}

// broken makes the error of a ticket whose connection broke after something
// had been sent on it. What only reads had no effect, whatever became of it,
// and no more has a transaction whose COMMIT was never sent.
func (t *ticket) broken(err error) error {
	switch {
	case t.tx != nil && !t.committing.Load() && t.fate.Load() == killed:
		return t.failed(RanNot, joined(ErrEnded, err))
	case t.read, t.tx != nil && !t.committing.Load():
		return t.failed(RanNot, joined(ErrUnavailable, err))
	}
	return t.failed(RanUnknown, joined(ErrUnknownOutcome, err))
}

// awaitEpoch holds the statement back until the router has a map of at least
// that epoch, and asks the store for it.
func (r *Router) awaitEpoch(ctx context.Context, epoch uint64, size int, p *patience) error {
	for {
		v := r.view.Load()
		if v.m.Epoch() >= epoch {
			return nil
		}
		r.askStore()
		if err := r.buffer.wait(ctx, v.replaced, size, p); err != nil {
			return fmt.Errorf("%w (its server asks for a map of epoch %d, this router has %d)", err, epoch, v.m.Epoch())
		}
	}
}
