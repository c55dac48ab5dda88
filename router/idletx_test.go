package router_test

import (
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/tools/testfleet"
)

// The server ends a session that has been idle for too long and says so to the
// COMMIT, which then was never read: the transaction provably did not commit.
func TestCommitInASessionThatTheServerHadEndedIsRetryable(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f, func(c *router.Config) {
		c.Instance.Options.Session = map[string]string{"wait_timeout": "1"}
	}))
	m := f.MemberOn(0, 0)
	tx, err := p.Member(m).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), insert, m.String(), 1, "x"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond)
	eventually(t, "the server ends the session", func() bool {
		var n int
		if err := f.Admin[0].QueryRow("SELECT COUNT(*) FROM performance_schema.processlist WHERE db = ? AND user = ?", f.Shards[0].Database, f.Shards[0].User).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 0
	})
	if err := tx.Commit(); err == nil || !router.Retryable(err) {
		t.Errorf("commit: %v", err)
	}
	if n := len(names(t, f.Admin[0], m)); n != 0 {
		t.Errorf("%d rows are there", n)
	}
}
