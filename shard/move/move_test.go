package move_test

import (
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

func mustRange(t testing.TB, s string) shard.Range {
	t.Helper()
	r, err := shard.ParseRange(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A range moves while its rows change, comes back with what was written on the
// new owner, moves again, and its old rows go.
func TestMoveBackAndComplete(t *testing.T) {
	f := newFleet(t, nil)
	const members, rows = 120, 60
	f.fill(members, rows)
	low := mustRange(t, "-80")
	f.work()

	stop := f.traffic(0, members, rows)
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Hold: true}})
	f.phase(job.ID, move.Ready)
	// What a router would do: nobody writes for the range across the switch.
	t.Logf("%d transactions while the rows were copied", stop())
	if _, err := f.jobs.Ask(t.Context(), job.ID, move.WantRun, nil); err != nil {
		t.Fatal(err)
	}
	j := f.phase(job.ID, move.Reversible)
	t.Logf("copied %d rows, applied %d, verified %d, pause %.1f ms", j.RowsCopied, j.RowsApplied, j.VerifiedRows, j.PauseMs)
	f.same(low)
	if home, _ := f.Map().Find(shard.Span{Range: low}); home.Shard != "s2" || home.Frozen != nil {
		t.Fatalf("after the switch the range is %+v", home)
	}

	stop = f.traffic(1, members, rows)
	if n := len(f.rows(1, "contacts", low)); n == 0 {
		t.Fatal("no rows on the new owner")
	}
	t.Logf("%d transactions on the new owner", stop())
	if _, err := f.jobs.Ask(t.Context(), job.ID, move.WantRollback, nil); err != nil {
		t.Fatal(err)
	}
	f.until(job.ID, "back on s1", func(j *move.Job) bool { return j.Phase == move.Cleaning || j.Phase == move.RolledBack })
	if home, _ := f.Map().Find(shard.Span{Range: low}); home.Shard != "s1" || home.Frozen != nil {
		t.Fatalf("after the rollback the range is %+v", home)
	}
	f.phase(job.ID, move.RolledBack)
	if left := f.rows(1, "contacts", low); len(left) > 0 {
		t.Fatalf("after the rollback s2 still has %d rows of the range", len(left))
	}

	job = f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
	f.phase(job.ID, move.Reversible)
	f.same(low)
	if _, err := f.jobs.Ask(t.Context(), job.ID, move.WantComplete, nil); err != nil {
		t.Fatal(err)
	}
	f.phase(job.ID, move.Done)
	if left := f.rows(0, "notes", low); len(left) > 0 {
		t.Fatalf("after the end s1 still has %d rows of the range", len(left))
	}
	f.nothingLeft()
}

// nothingLeft fails if a server still has rows of the mover.
func (f *fleet) nothingLeft() {
	f.t.Helper()
	for place, db := range f.Admin {
		for _, table := range []string{"move_jobs", "move_lanes", "move_chunks"} {
			var n int
			err := db.QueryRowContext(f.t.Context(), "SELECT COUNT(*) FROM _berth."+table+" WHERE database_name = DATABASE()").Scan(&n)
			if err != nil || n != 0 {
				f.t.Errorf("shard s%d still has %d rows of the mover in %s: %v", place+1, n, table, err)
			}
		}
	}
}
