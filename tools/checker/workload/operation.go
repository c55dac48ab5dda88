package workload

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/tools/checker/history"
)

// errRegret is a transaction's end by its client's own wish.
var errRegret = errors.New("rolled back on purpose")

// do carries the operation out.
func (c *client) do(ctx context.Context, call history.Call) history.Return {
	db := c.way(call.Member)
	switch call.Kind {
	case history.Read:
		s, err := fetchRow(ctx, db, call.Object)
		return answer(&s, err, history.Failed)
	case history.Look:
		s, err := Fetch(ctx, db, call.Object)
		return answer(&s, err, history.Failed)
	case history.Write:
		return c.update(ctx, db, "UPDATE objects SET reg = ? WHERE member_id = ? AND id = ?", call.Value, call.Member, call.Round)
	case history.Append:
		return c.update(ctx, db, "UPDATE objects SET list = CONCAT(list, ?) WHERE member_id = ? AND id = ?",
			strconv.FormatInt(call.Value, 10)+",", call.Member, call.Round)
	}
	return c.change(ctx, db, call)
}

func (c *client) update(ctx context.Context, db Database, query string, args ...any) history.Return {
	result, err := db.ExecContext(ctx, query, args...)
	if err != nil {
		return answer(nil, err, outcome(err))
	}
	n, err := result.RowsAffected()
	return history.Return{Outcome: history.OK, Missing: err == nil && n == 0}
}

// change reads, writes and appends in one transaction.
func (c *client) change(ctx context.Context, db Database, call history.Call) history.Return {
	var s history.State
	idle := c.idle()
	regret := c.random.IntN(20) == 0
	inside := func(ctx context.Context, tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, "SELECT reg, n FROM objects WHERE member_id = ? AND id = ? FOR UPDATE", call.Member, call.Round)
		if err := row.Scan(&s.Register, &s.Length); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE objects SET reg = ?, n = n + 1 WHERE member_id = ? AND id = ?", call.Value, call.Member, call.Round); err != nil {
			return err
		}
		time.Sleep(idle)
		_, err := tx.ExecContext(ctx, "INSERT INTO entries (member_id, id, seq, value) VALUES (?, ?, ?, ?)", call.Member, call.Round, s.Length+1, call.Value)
		if err == nil && regret {
			err = errRegret
		}
		return err
	}
	var err error
	committing := false // the last run sent COMMIT, as far as its client can tell
	if again, ok := db.(interface {
		InTx(context.Context, *sql.TxOptions, func(context.Context, *sql.Tx) error) error
	}); ok && c.random.IntN(2) == 0 {
		err = again.InTx(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
			committing = false
			err := inside(ctx, tx)
			committing = err == nil
			return err
		})
	} else {
		var tx *sql.Tx
		if tx, err = db.BeginTx(ctx, nil); err == nil {
			if err = inside(ctx, tx); err == nil {
				committing = true
				err = tx.Commit()
			} else {
				_ = tx.Rollback()
			}
		}
	}
	if committing {
		return answer(&s, err, outcome(err))
	}
	return answer(&s, err, history.Failed) // without COMMIT nothing has taken effect
}

// idle is how long a transaction stays open with nothing to do: mostly not at
// all, and now and then longer than a drain waits.
func (c *client) idle() time.Duration {
	switch n := c.random.IntN(1000); {
	case n == 0:
		return 3 * time.Second
	case n < 100:
		return time.Duration(c.random.Int64N(int64(50 * time.Millisecond)))
	}
	return 0
}

// outcome is what the error of a single statement, or of COMMIT, says.
func outcome(err error) history.Outcome {
	var server *mysql.MySQLError
	const lockWaitTimeout = 1205
	switch {
	case err == nil:
		return history.OK
	case router.Retryable(err), errors.As(err, &server) && server.Number == lockWaitTimeout:
		return history.Failed
	}
	return history.Unknown
}

// answer is the return of an operation that ended with err, if any.
func answer(s *history.State, err error, failed history.Outcome) history.Return {
	switch {
	case err == nil:
		return history.Return{Outcome: history.OK, State: s}
	case errors.Is(err, sql.ErrNoRows):
		return history.Return{Outcome: failed, Missing: true, Error: "no row"}
	}
	return history.Return{Outcome: failed, Error: err.Error()}
}
