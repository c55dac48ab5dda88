package router

import (
	"context"
	"database/sql/driver"
	"io"

	"github.com/berthdb/berth/shard/instance"
)

// transaction is a transaction of a session. Its ticket stays in flight from
// BEGIN to the end, idle or not.
type transaction struct {
	session *session
	routing routing // what the context of BeginTx named
	opts    driver.TxOptions
	to      target  // whom it is bound to, once ticket is set
	ticket  *ticket // nil until the first statement of a member binds it
}

// begin binds the transaction and sends the BEGIN. size is what waits with it.
func (tx *transaction) begin(ctx context.Context, to target, size int) error {
	return tx.session.r.dispatch(ctx, call{to: to, size: size, run: func(ctx context.Context, t *ticket, c *pooled) (bool, error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		inner, err := c.BeginTx(ctx, tx.opts)
		if err != nil {
			t.state = true // an isolation level may be waiting for the next transaction
			return false, err
		}
		t.tx, tx.ticket, tx.to = inner, t, to
		if openCounts.off() {
			tx.session.r.gate.leave(t)
		}
		return true, nil
	}, read: true}) // a BEGIN alone changes nothing
}

// bind gives the ticket that the judged statement runs under. A statement of
// no member that comes before the transaction is bound has none: it runs by
// itself on any shard.
func (tx *transaction) bind(ctx context.Context, v verdict, size int) (*ticket, error) {
	if err := v.insideTransaction(tx.ticket != nil); err != nil {
		return nil, err
	}
	if tx.ticket == nil {
		if v.to.loose && v.to.shard == "" {
			return nil, nil
		}
		if err := tx.begin(ctx, v.to, size); err != nil {
			return nil, err
		}
	}
	if !(v.to.loose && v.to.shard == "") && v.to != tx.to {
		return nil, wrongMember("this transaction is bound to %s and the statement is of %s; begin another one for it", tx.to, v.to)
	}
	return tx.ticket, nil
}

// run sends one statement of the transaction.
func (tx *transaction) run(ctx context.Context, v verdict, send func(context.Context, *pooled) error) error {
	t := tx.ticket
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended != nil {
		return t.ended
	}
	t.read = t.read && v.read
	t.state = t.state || v.sets
	c := t.conn.Load()
	err := send(ctx, c)
	switch {
	case err == nil:
		return nil
	case replied(c, err):
		return t.answered(ctx, err)
	}
	t.server.failed(err)
	tx.session.r.probe(t.server)
	t.ended = t.broken(err)
	return t.ended
}

// closedRows notes that one of the transaction's result sets has been read, up
// to the error err if that is not nil.
func (t *ticket) closedRows(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open--
	if err != nil && t.ended == nil && replied(t.conn.Load(), err) {
		_ = t.answered(context.Background(), err) // its reader has been told
	}
}

// Commit commits. An error that is Retryable means that nothing of the
// transaction took effect.
func (tx *transaction) Commit() error { return tx.end(true) }

// Rollback rolls back.
func (tx *transaction) Rollback() error { return tx.end(false) }

func (tx *transaction) end(commit bool) error {
	tx.session.tx = nil
	t := tx.ticket
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c, r := t.conn.Load(), tx.session.r
	if t.ended == nil && !c.IsValid() {
		t.ended = t.broken(driver.ErrBadConn) // while its rows were read; no COMMIT is sent
	}
	if t.ended != nil {
		switch {
		case t.fate.Load() == rolledBack:
		case t.undid && c.IsValid():
			_, _ = r.settle(t, c, t.tx.Rollback())
		default:
			_, _ = r.settle(t, c, io.ErrUnexpectedEOF)
		}
		if commit {
			return t.ended
		}
		return nil
	}
	var err error
	if commit {
		t.committing.Store(true)
		err = t.tx.Commit()
	} else {
		err = t.tx.Rollback()
	}
	ran, err := r.settle(t, c, err)
	switch {
	case err == nil, !commit && ran != ranReplied: // a session that ends takes its transaction with it
		return nil
	case ran == ranNot:
		return t.failed(RanNot, joined(ErrUnavailable, err))
	case ran == ranUnknown:
		return t.broken(err)
	case commit && !instance.IsRollback(err):
		return t.failed(RanUnknown, joined(ErrUnknownOutcome, err))
	}
	return err
}
