package move_test

import (
	"testing"

	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/mysqld"
)

// A stranger's commit waits for a semi-synchronous reply when the cutover ends
// its session: the client is told at once that the connection is gone, and the
// server commits all the same, later. The cutover waits for that, and the row
// is on the new owner.
func TestCommitPastItsKill(t *testing.T) {
	t.Parallel()
	f := ownFleet(t, nil, mysqld.Options{})
	f.fill(20, 4)
	low := mustRange(t, "-80")
	member := f.MemberOn(0, 0).String()
	if _, err := f.Admin[0].ExecContext(t.Context(), "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'"); err != nil {
		t.Skipf("the server has no semi-synchronous replication: %v", err)
	}
	stranger := f.Shards[0].Open(t)
	reached, letGo := f.hold("before-list", move.Limits{})
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
	reached() // the fence is raised: the mover itself commits nothing before the list
	f.exec(f.Admin[0], "SET GLOBAL rpl_semi_sync_source_timeout = 600000")
	f.exec(f.Admin[0], "SET GLOBAL rpl_semi_sync_source_enabled = ON")
	done := make(chan error, 1)
	go func() {
		_, err := stranger.ExecContext(t.Context(), "INSERT INTO contacts VALUES ("+member+", 500, 'past its kill')")
		done <- err
	}()
	f.eventually("a commit that waits", func() bool {
		var n int
		err := f.Admin[0].QueryRowContext(t.Context(), "SELECT COUNT(*) FROM performance_schema.processlist WHERE state LIKE 'Waiting for semi-sync%'").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n == 1
	})
	letGo()
	if err := <-done; err == nil {
		t.Error("the stranger's session was not ended")
	}
	f.home(mustRange(t, "80-"), "s2")
	if e := f.entries(); e[0] != "-80 on s1, frozen true" {
		t.Errorf("the cutover did not wait for the commit: %v", e)
	}
	// The commit may go through. Who says so is no router either, and may be
	// ended too.
	f.eventually("a server without semi-synchronous replication", func() bool {
		_, err := f.Admin[0].ExecContext(t.Context(), "SET GLOBAL rpl_semi_sync_source_enabled = OFF")
		return err == nil
	})
	f.phase(job.ID, move.Reversible)
	f.same(low)
	found := false
	for _, row := range f.rows(1, "contacts", low) {
		found = found || row == member+"|500|past its kill"
	}
	if !found {
		t.Error("a write that was committed on the old owner is lost")
	}
}
