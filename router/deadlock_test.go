package router_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestNothingMoreRunsInATransactionThatADeadlockEnded(t *testing.T) {
	t.Run("by a write", func(t *testing.T) {
		testDeadlock(t, func(ctx context.Context, tx *sql.Tx, member string) error {
			_, err := tx.ExecContext(ctx, "UPDATE contacts SET name = CONCAT(name, '+') WHERE member_id = ? AND id = 1", member)
			return err
		})
	})
	// The server has sent the columns by then: the error comes with the rows.
	t.Run("by a locking read", func(t *testing.T) {
		testDeadlock(t, func(ctx context.Context, tx *sql.Tx, member string) error {
			return tx.QueryRowContext(ctx, "SELECT name FROM contacts WHERE member_id = ? AND id >= 1 AND id < 5 FOR UPDATE", member).Scan(new(string))
		})
	})
}

// testDeadlock makes what meet does the victim of a deadlock.
func testDeadlock(t *testing.T, meet func(ctx context.Context, tx *sql.Tx, member string) error) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	ctx := t.Context()
	m := f.MemberOn(0, 0)
	for id := range 20 {
		if _, err := p.Member(m).ExecContext(ctx, insert, m.String(), id, "row"); err != nil {
			t.Fatal(err)
		}
	}
	const update = "UPDATE contacts SET name = CONCAT(name, '+') WHERE member_id = ? AND id = ?"
	// The other one has changed more rows, so it is not the victim.
	heavy, err := f.Admin[0].BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer heavy.Rollback() //nolint:errcheck // it only holds locks
	if _, err := heavy.ExecContext(ctx, "UPDATE contacts SET name = 'heavy' WHERE member_id = ? AND id > 0", m.String()); err != nil {
		t.Fatal(err)
	}
	tx, err := p.Member(m).BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // again, below
	if _, err := tx.ExecContext(ctx, update, m.String(), 0); err != nil {
		t.Fatal(err)
	}
	met := make(chan error, 1)
	go func() {
		_, err := heavy.ExecContext(ctx, update, m.String(), 0)
		met <- err
	}()
	err = meet(ctx, tx, m.String())
	if !instance.IsDeadlock(err) || !router.Retryable(err) {
		t.Fatalf("the victim of the deadlock: %v", err)
	}
	if err := <-met; err != nil {
		t.Fatal(err)
	}
	if err := heavy.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, insert, m.String(), 99, "stray"); !instance.IsDeadlock(err) {
		t.Errorf("the next statement of the transaction: %v", err)
	}
	if err := tx.Commit(); !instance.IsDeadlock(err) || !router.Retryable(err) {
		t.Errorf("commit of a transaction that is lost: %v", err)
	}
	if n := len(names(t, f.Admin[0], m)); n != 20 {
		t.Errorf("%d rows are there, want 20", n)
	}
}
