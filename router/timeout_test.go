package router_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

// A lock that does not come free in time ends the statement by default, and
// the whole transaction where the server is set up so. In the latter case what
// follows would be stored at once, by itself.
func TestLockWaitTimeoutEndsTheTransactionWhereTheServerRollsItBack(t *testing.T) {
	waits := map[string]func(ctx context.Context, tx *sql.Tx, member string) error{
		"write": func(ctx context.Context, tx *sql.Tx, member string) error {
			_, err := tx.ExecContext(ctx, "UPDATE contacts SET name = 'mine' WHERE member_id = ? AND id = 1", member)
			return err
		},
		"locking read": func(ctx context.Context, tx *sql.Tx, member string) error {
			return tx.QueryRowContext(ctx, "SELECT name FROM contacts WHERE member_id = ? AND id >= 1 AND id < 5 FOR UPDATE", member).Scan(new(string))
		},
	}
	for name, whole := range map[string]bool{"statement": false, "transaction": true} {
		t.Run(name, func(t *testing.T) {
			opts := testfleet.Options{Shards: 1}
			if whole {
				opts.On = []*mysqld.Server{testcluster.OwnMySQL(t, mysqld.Options{Flags: []string{"--innodb-rollback-on-timeout=ON"}})}
			}
			f := testfleet.New(t, opts)
			p := repository(t, open(t, f, func(c *router.Config) {
				c.Instance.Options.Session = map[string]string{"innodb_lock_wait_timeout": "1"}
			}))
			for name, wait := range waits {
				t.Run(name, func(t *testing.T) { testLockWait(t, f, p, whole, wait) })
			}
		})
	}
}

func testLockWait(t *testing.T, f *testfleet.Fleet, p *router.Repository, whole bool, wait func(context.Context, *sql.Tx, string) error) {
	ctx, m := t.Context(), f.MemberOn(0, 0)
	if _, err := f.Admin[0].ExecContext(ctx, "REPLACE INTO contacts (member_id, id, name) VALUES (?, 1, 'theirs')", m.String()); err != nil {
		t.Fatal(err)
	}
	other, err := f.Admin[0].BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback() //nolint:errcheck // it only holds a lock
	if _, err := other.ExecContext(ctx, "SELECT * FROM contacts WHERE member_id = ? AND id = 1 FOR UPDATE", m.String()); err != nil {
		t.Fatal(err)
	}
	tx, err := p.Member(m).BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // after the commit it has nothing to do
	if _, err := tx.ExecContext(ctx, insert, m.String(), 2, "before"); err != nil {
		t.Fatal(err)
	}
	if err := wait(ctx, tx, m.String()); !instance.IsLockWaitTimeout(err) {
		t.Fatalf("the wait for a lock: %v", err)
	}
	_, after := tx.ExecContext(ctx, insert, m.String(), 3, "after")
	commit := tx.Commit()
	want := []string{"theirs"}
	if whole {
		for what, err := range map[string]error{"the next statement": after, "the commit": commit} {
			if !errors.Is(err, router.ErrRolledBack) || !instance.IsLockWaitTimeout(err) || !router.Retryable(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
	} else {
		if err := errors.Join(after, commit); err != nil {
			t.Errorf("the rest of the transaction: %v", err)
		}
		want = append(want, "before", "after")
	}
	if got := names(t, f.Admin[0], m); !slices.Equal(got, want) {
		t.Errorf("the rows are %q, want %q", got, want)
	}
	if _, err := f.Admin[0].ExecContext(ctx, "DELETE FROM contacts WHERE member_id = ? AND id > 1", m.String()); err != nil {
		t.Fatal(err)
	}
	// The connection is as good as before.
	if _, err := p.Member(m).ExecContext(ctx, "DELETE FROM contacts WHERE member_id = ? AND id = 4", m.String()); err != nil {
		t.Error(err)
	}
}

// A lock table that is full takes a server with hundreds of megabytes of rows,
// so a trigger answers as it would. What the server has rolled back then does
// not show; that the router sends nothing more does.
func TestNothingMoreRunsInATransactionThatAFullLockTableEnded(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{Shards: 1})
	p := repository(t, open(t, f))
	ctx, m := t.Context(), f.MemberOn(0, 0)
	if _, err := f.Admin[0].ExecContext(ctx, `CREATE TRIGGER full BEFORE UPDATE ON contacts FOR EACH ROW
		SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1206, MESSAGE_TEXT = 'The total number of locks exceeds the lock table size'`); err != nil {
		t.Fatal(err)
	}
	tx, err := p.Member(m).BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // again, below
	if _, err := tx.ExecContext(ctx, insert, m.String(), 1, "before"); err != nil {
		t.Fatal(err)
	}
	_, err = tx.ExecContext(ctx, "UPDATE contacts SET name = 'x' WHERE member_id = ?", m.String())
	if !instance.IsLockTableFull(err) || !router.Retryable(err) {
		t.Fatalf("the statement that needs too many locks: %v", err)
	}
	if _, err := tx.ExecContext(ctx, insert, m.String(), 2, "stray"); !instance.IsLockTableFull(err) {
		t.Errorf("the next statement of the transaction: %v", err)
	}
	if err := tx.Commit(); !instance.IsLockTableFull(err) || !router.Retryable(err) {
		t.Errorf("commit of a transaction that is lost: %v", err)
	}
	if got := names(t, f.Admin[0], m); len(got) != 0 {
		t.Errorf("rows are there: %q", got)
	}
}
