package router

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/berthdb/berth/shard/instance"
)

// answered takes in an error that the server answered a statement of the
// transaction with, and gives what to tell the client. When the server has
// rolled back all of it, it would run what follows on its own, outside any
// transaction, so the transaction is over. Called with t.mu held.
func (t *ticket) answered(ctx context.Context, err error) error {
	switch {
	case instance.IsDeadlock(err), instance.IsLockTableFull(err):
		t.ended, t.undid = err, true
	case instance.IsLockWaitTimeout(err):
		all, askErr := rollsBackOnTimeout(ctx, t.conn.Load())
		switch {
		case askErr != nil:
			// Nobody knows whether there is a transaction left: it is not
			// committed, and its session is ended with it.
			t.ended = t.failed(RanNot, joined(ErrUnavailable, fmt.Errorf("%w; whether the transaction was rolled back can't be asked: %w", err, askErr)))
			return t.ended
		case all:
			t.ended, t.undid = t.failed(RanNot, joined(ErrRolledBack, err)), true
			return t.ended
		}
	}
	return err
}

// askLimit is how long a server has to name one of its settings.
const askLimit = 5 * time.Second

// rollsBackOnTimeout asks whether the server rolls back whole transactions
// when a lock does not come free in time.
func rollsBackOnTimeout(ctx context.Context, c *pooled) (bool, error) {
	// The caller may have no time left, and the answer is needed all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askLimit)
	defer cancel()
	rows, err := c.QueryContext(ctx, "SELECT @@GLOBAL.innodb_rollback_on_timeout", nil)
	if err != nil {
		return false, err
	}
	defer rows.Close() //nolint:errcheck // its one row has been read
	value := make([]driver.Value, 1)
	if err := rows.Next(value); err != nil {
		return false, err
	}
	switch v := value[0].(type) {
	case int64:
		return v != 0, nil
	case []byte:
		return string(v) != "0", nil
	}
	return false, fmt.Errorf("innodb_rollback_on_timeout is the unexpected %T", value[0])
}
