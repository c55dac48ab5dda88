package importer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard/instance"
)

// writer writes rows to the homes of their members.
type writer struct {
	repo     *router.Repository
	to       target
	batch    int           // rows of one transaction
	patience time.Duration // how long to go on trying what provably was not done
}

// written is what came of some rows.
type written struct {
	rows    int64
	rejects []reject
	left    []Row // not written: their members moved, or their shard can't be reached now
	cause   error // why the latter
}

// write writes all rows, and gives those that can't be. On an error some rows
// are written; dirty says that of some it is not known.
func (w *writer) write(ctx context.Context, rows []Row) (total written, dirty bool, err error) {
	pause := 20 * time.Millisecond
	for until := time.Now().Add(w.patience); len(rows) > 0; {
		done, dirty, err := w.round(ctx, rows)
		total.rows += done.rows
		total.rejects = append(total.rejects, done.rejects...)
		if err != nil {
			return total, dirty, err
		}
		if len(done.left) < len(rows) {
			until, pause = time.Now().Add(w.patience), 20*time.Millisecond
		}
		rows = done.left
		if len(rows) == 0 || done.cause == nil {
			continue
		}
		if time.Now().After(until) {
			return total, false, fmt.Errorf("gave up after %s: %w", w.patience, done.cause)
		}
		select {
		case <-ctx.Done():
			return total, false, context.Cause(ctx)
		case <-time.After(pause):
			pause = min(2*pause, 2*time.Second)
		}
	}
	return total, false, nil
}

// round deals the rows by the current map and writes each shard's, in order.
func (w *writer) round(ctx context.Context, rows []Row) (total written, dirty bool, err error) {
	m := w.repo.Router().Map()
	byShard := map[string][]Row{}
	for _, r := range rows {
		name := m.Entry(m.Lookup(r.Member)).Shard
		byShard[name] = append(byShard[name], r)
	}
	type outcome struct {
		written
		dirty bool
		err   error
	}
	outcomes := make([]outcome, 0, len(byShard))
	for range byShard {
		outcomes = append(outcomes, outcome{})
	}
	var g errgroup.Group
	i := 0
	for name, list := range byShard {
		o := &outcomes[i]
		i++
		g.Go(func() error {
			o.dirty, o.err = w.shard(ctx, name, list, &o.written)
			return nil
		})
	}
	_ = g.Wait() // the errors are in outcomes
	for _, o := range outcomes {
		total.rows += o.rows
		total.rejects = append(total.rejects, o.rejects...)
		total.left = append(total.left, o.left...)
		total.cause = errors.Join(total.cause, o.cause)
		dirty = dirty || o.dirty
		err = errors.Join(err, o.err)
	}
	return total, dirty, err
}

// shard writes rows to one shard until one can't be for now, so that the order
// of a member's rows is kept.
func (w *writer) shard(ctx context.Context, name string, rows []Row, out *written) (dirty bool, err error) {
	for len(rows) > 0 {
		n := min(w.batch, len(rows))
		before := *out
		err := w.split(ctx, name, rows[:n], out)
		var later *laterError
		switch {
		case err == nil:
			rows = rows[n:]
			continue
		case errors.As(err, &later):
			out.left, out.cause = append(later.from, rows[n:]...), later.err
			return false, nil
		case errors.Is(err, router.ErrUnknownOutcome) && w.to.idempotent():
			// What was written is written again, which changes nothing.
			*out = before
			out.left, out.cause = rows, err
			return false, nil
		}
		return errors.Is(err, router.ErrUnknownOutcome), fmt.Errorf("write %d rows from line %d on to shard %s: %w", n, rows[0].record.Line, name, err)
	}
	return false, nil
}

// laterError: rows from here on have to be dealt again. err is nil when that
// is for a member that moved.
type laterError struct {
	from []Row
	err  error
}

func (e *laterError) Error() string { return "to be written later" }

// split writes a batch as one transaction, and when the data of some row is to
// blame, its halves, down to the row.
func (w *writer) split(ctx context.Context, name string, rows []Row, out *written) error {
	err := w.transaction(ctx, name, rows)
	switch {
	case err == nil:
		out.rows += int64(len(rows))
		return nil
	case errors.Is(err, errMoved):
		return &laterError{from: rows}
	case router.Retryable(err):
		return &laterError{rows, err}
	case !instance.IsBadData(err):
		return err
	case len(rows) == 1:
		out.rejects = append(out.rejects, reject{rows[0].record, reason(err)})
		return nil
	}
	half := len(rows) / 2
	if err := w.split(ctx, name, rows[:half], out); err != nil {
		var later *laterError
		if errors.As(err, &later) {
			later.from = append(append([]Row(nil), later.from...), rows[half:]...)
		}
		return err
	}
	return w.split(ctx, name, rows[half:], out)
}

var errMoved = errors.New("a member has moved")

// transaction writes rows to the shard if it is, now that they are under way,
// still the home of them all.
func (w *writer) transaction(ctx context.Context, name string, rows []Row) (err error) {
	tx, err := w.repo.Shard(name).BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the cause is reported
		}
	}()
	m := w.repo.Router().Map()
	for _, r := range rows {
		if m.Entry(m.Lookup(r.Member)).Shard != name {
			return errMoved
		}
	}
	if err := w.put(ctx, tx, rows); err != nil {
		return err
	}
	return tx.Commit()
}

func (w *writer) put(ctx context.Context, tx *sql.Tx, rows []Row) error {
	if w.to.idempotent() && !w.to.careful {
		values := make([][]any, len(rows))
		for i, r := range rows {
			values[i] = r.Values
		}
		_, err := router.Upsert(ctx, tx, router.Batch{Table: w.to.table, Columns: w.to.columns, Keys: w.to.keys(), Rows: values})
		return err
	}
	if len(rows) == 1 && w.to.idempotent() {
		return w.putOne(ctx, tx, rows[0])
	}
	var args []any
	for _, r := range rows {
		args = append(args, r.Values...)
	}
	_, err := tx.ExecContext(ctx, w.to.insert(len(rows)), args...)
	return err
}

// putOne updates the row if the member has it already, and inserts it if not;
// a collision with anything else is the server's to report.
func (w *writer) putOne(ctx context.Context, tx *sql.Tx, r Row) error {
	where, args := w.to.where(r.Values)
	var one int
	err := tx.QueryRowContext(ctx, "SELECT 1 FROM "+quoteName(w.to.table)+where+" FOR UPDATE", args...).Scan(&one)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		_, err = tx.ExecContext(ctx, w.to.insert(1), r.Values...)
	case err == nil:
		if statement, args := w.to.update(r.Values); statement != "" {
			_, err = tx.ExecContext(ctx, statement, args...)
		}
	}
	return err
}

// reason is the server's own word on a row.
func reason(err error) string {
	if message := instance.ServerMessage(err); message != "" {
		return message
	}
	return err.Error()
}
