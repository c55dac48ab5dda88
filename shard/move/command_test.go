package move_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// paused waits for the job to stand still because it was asked to.
func (f *fleet) paused(id string) (j *move.Job) {
	f.t.Helper()
	f.eventually("a paused job "+id, func() bool {
		var err error
		if j, err = f.jobs.Get(f.t.Context(), id); err != nil {
			f.t.Fatal(err)
		}
		return j.Paused
	})
	if j.Error != "" || j.Want != move.WantRun {
		f.t.Errorf("a job that was asked to pause has the error %q and is still asked to %s", j.Error, j.Want)
	}
	return j
}

// A job is paused while it copies, and stands still: what is written meanwhile
// does not arrive. Resumed, it copies what was missing and nothing twice.
func TestPauseWhileCopying(t *testing.T) {
	f := newFleet(t, nil)
	const members, rows = 80, 40
	f.fill(members, rows)
	low := mustRange(t, "-80")
	total := int64(len(f.rows(0, "contacts", low)) + len(f.rows(0, "notes", low)))
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Rate: 500}})
	f.until(job.ID, "copying some rows", func(j *move.Job) bool { return j.RowsCopied > 0 })
	f.ask(job.ID, move.WantPause)
	j := f.paused(job.ID)
	if j.Phase != move.Copying || j.RowsCopied >= total {
		t.Fatalf("paused in %s with %d of %d rows copied", j.Phase, j.RowsCopied, total)
	}
	copied := len(f.rows(1, "contacts", low)) + len(f.rows(1, "notes", low))
	if int64(copied) != j.RowsCopied {
		t.Errorf("%d rows are on the target, %d are said to be", copied, j.RowsCopied)
	}
	f.exec(f.Admin[0], "UPDATE contacts SET name = 'while paused'")
	f.exec(f.Admin[0], "DELETE FROM notes WHERE id = 7")
	if n := len(f.rows(1, "contacts", low)) + len(f.rows(1, "notes", low)); n != copied {
		t.Errorf("%d rows became %d in a paused job", copied, n)
	}
	if _, err := f.jobs.Ask(t.Context(), job.ID, move.WantRun, func(j *move.Job) { j.Options.Rate = 0 }); err != nil {
		t.Fatal(err)
	}
	j = f.phase(job.ID, move.Reversible)
	f.same(low)
	if gone := int64(len(f.rows(1, "contacts", low))); j.RowsCopied > total || j.RowsCopied < total-gone {
		t.Errorf("%d rows were copied of %d: some of them twice, or not at all", j.RowsCopied, total)
	}
}

// A job can be paused and resumed when it is ready and when it could go back.
func TestPauseLater(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(20, 4)
	low := mustRange(t, "-80")
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Hold: true}})
	f.phase(job.ID, move.Ready)
	f.ask(job.ID, move.WantPause)
	if j := f.paused(job.ID); j.Phase != move.Ready {
		t.Errorf("paused in %s", j.Phase)
	}
	f.exec(f.Admin[0], "UPDATE contacts SET name = 'while paused'")
	f.ask(job.ID, move.WantRun)
	f.phase(job.ID, move.Reversible)
	f.same(low)

	f.ask(job.ID, move.WantPause)
	if j := f.paused(job.ID); j.Phase != move.Reversible {
		t.Errorf("paused in %s", j.Phase)
	}
	f.exec(f.Admin[1], "UPDATE contacts SET name = 'on the new owner'")
	for _, row := range f.rows(0, "contacts", low) {
		if strings.HasSuffix(row, "|on the new owner") {
			t.Fatal("a paused job applies rows")
		}
	}
	f.ask(job.ID, move.WantRun)
	f.eventually("the old owner that is current", func() bool {
		for _, row := range f.rows(0, "contacts", low) {
			if !strings.HasSuffix(row, "|on the new owner") {
				return false
			}
		}
		return true
	})
	// Paused again, what is asked next wakes it up.
	f.ask(job.ID, move.WantPause)
	f.paused(job.ID)
	f.exec(f.Admin[1], "UPDATE contacts SET name = 'the last'")
	f.ask(job.ID, move.WantRollback)
	f.phase(job.ID, move.RolledBack)
	for _, row := range f.rows(0, "contacts", low) {
		if !strings.HasSuffix(row, "|the last") {
			t.Fatalf("a write on the new owner is lost in a rollback: %s", row)
		}
	}
	f.nothingLeft()
}

// A job that is cancelled, wherever it is, leaves no row on the target, none of
// the mover anywhere, and the map as it was.
func TestCancel(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(40, 20)
	low := mustRange(t, "-80")
	member := f.MemberOn(0, 3)
	entries := f.entries()
	for _, c := range []struct {
		name    string
		request move.Request
		at      string // failpoint at which the worker is held; empty: none
		phase   move.Phase
		first   move.Want // asked before
	}{
		{"before a worker has it", move.Request{Kind: move.KindMove, Range: low, To: "s2"}, "", move.Planned, move.WantRun},
		{"copying", move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Rate: 200}}, "", move.Copying, move.WantRun},
		{"verifying", move.Request{Kind: move.KindMove, Range: low, To: "s2"}, "before-verify", move.Verifying, move.WantRun},
		{"ready", move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Hold: true}}, "", move.Ready, move.WantRun},
		{"paused", move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Hold: true}}, "", move.Ready, move.WantPause},
		{"frozen", move.Request{Kind: move.KindMove, Range: low, To: "s2"}, "after-freeze", move.CuttingOver, move.WantRun},
		{"before the switch", move.Request{Kind: move.KindMove, Range: low, To: "s2"}, "before-switch", move.CuttingOver, move.WantRun},
		{"a member that was pinned for it", move.Request{Kind: move.KindMove, Member: member, To: "s2", Options: move.Options{Hold: true}}, "", move.Ready, move.WantRun},
		{"a range that was cut for it", move.Request{Kind: move.KindSplit, Range: low, To: "s2", Options: move.Options{Hold: true}}, "", move.Ready, move.WantRun},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := f.of(t)
			reached, letGo := func() {}, func() {}
			if c.at != "" {
				reached, letGo = f.hold(c.at, move.Limits{})
				defer letGo()
			}
			job := f.start(c.request)
			if c.phase != move.Planned {
				defer f.work()()
				f.phase(job.ID, c.phase)
				reached()
			}
			if c.first != move.WantRun {
				f.ask(job.ID, c.first)
				f.paused(job.ID)
			}
			f.ask(job.ID, move.WantCancel)
			if c.phase == move.CuttingOver {
				time.Sleep(2 * time.Second) // the worker looks while it is held
			}
			letGo()
			if c.phase == move.Planned {
				defer f.work()()
			}
			j := f.ended(job.ID)
			if j.Phase != move.Cancelled {
				t.Fatalf("the job is %s: %s", j.Phase, j.Error)
			}
			for _, table := range []string{"contacts", "notes"} {
				if left := f.rows(1, table, low); len(left) > 0 {
					t.Errorf("the target still has %d rows of table %s", len(left), table)
				}
			}
			f.nothingLeft()
			if now := f.entries(); !slices.Equal(now, entries) {
				t.Errorf("the map was %v and is %v", entries, now)
			}
			if _, err := f.jobs.Ask(t.Context(), job.ID, move.WantRun, nil); !errors.Is(err, move.ErrNotNow) {
				t.Errorf("resuming a cancelled job: %v", err)
			}
		})
	}
}

// ended waits for the job to have ended, or to be past its switch.
func (f *fleet) ended(id string) *move.Job {
	f.t.Helper()
	return f.until(id, "over", func(j *move.Job) bool { return j.Phase.Ended() || j.Phase == move.Reversible })
}

// Somebody joins the range that moves with its neighbour, by hand. The job stops,
// touches no row any more, and can be cancelled.
func TestMapChangedPastAJob(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(20, 2)
	f.cut("40")
	low, high := mustRange(t, "-40"), mustRange(t, "40-80")
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Hold: true}})
	f.phase(job.ID, move.Ready)
	before := len(f.rows(0, "contacts", low))
	f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Join(f.Change("by hand"), low, high) })
	f.ask(job.ID, move.WantRun)
	if j := f.stopped(job.ID); !strings.Contains(j.Error, "no entry -40") || !strings.Contains(j.Error, "berth job cancel "+job.ID) {
		t.Errorf("the error: %s", j.Error)
	}
	f.ask(job.ID, move.WantCancel)
	f.phase(job.ID, move.Cancelled)
	if after := len(f.rows(0, "contacts", low)); after != before {
		t.Errorf("%d rows became %d", before, after)
	}
	f.nothingLeft()
}

// What can't be asked for in a phase is refused, with what can be done instead.
func TestAskedAtTheWrongTime(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(4, 1)
	low := mustRange(t, "-80")
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Hold: true}})
	refused := func(want move.Want, says string) {
		t.Helper()
		_, err := f.jobs.Ask(t.Context(), job.ID, want, nil)
		if !errors.Is(err, move.ErrNotNow) || !strings.Contains(err.Error(), says) {
			t.Errorf("asking to %s: %v", want, err)
		}
	}
	refused(move.WantRollback, "berth job cancel "+job.ID)
	refused(move.WantComplete, "has not switched")
	f.work()
	f.phase(job.ID, move.Ready)
	refused(move.WantRollback, "berth job cancel "+job.ID)
	f.ask(job.ID, move.WantRun)
	f.phase(job.ID, move.Reversible)
	refused(move.WantCancel, "berth job rollback "+job.ID)

	// Another move of these members waits until this one is over.
	p, err := move.MakePlan(t.Context(), f.cfg, move.Request{Kind: move.KindMove, Range: low, To: "s1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Refused(); !errors.Is(err, move.ErrRefused) || !strings.Contains(err.Error(), "berth job complete "+job.ID) {
		t.Errorf("a second move of the range: %v", err)
	}
	f.ask(job.ID, move.WantComplete)
	f.phase(job.ID, move.Done)
	refused(move.WantRollback, "it has ended")
	f.nothingLeft()
}
