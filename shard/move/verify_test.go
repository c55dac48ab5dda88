package move_test

import (
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard/move"
)

// A difference that somebody makes on the target behind the mover's back is
// found before the cutover, told with its place, and the range stays where it
// is. Once it is gone the job goes on.
func TestPlantedDifferenceStopsTheCutover(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(40, 6)
	low := mustRange(t, "-80")
	member := f.MemberOn(0, 4).String()
	for _, plant := range []struct {
		name, on, off string
		says          []string
	}{
		{"one bit of a value",
			"UPDATE contacts SET name = 'firsu' WHERE id = 2 AND member_id = " + member,
			"UPDATE contacts SET name = 'first' WHERE id = 2 AND member_id = " + member,
			[]string{"table contacts", "member_id=" + member, "id=2", "column name", "'first' on the source", "'firsu' on the target"}},
		{"case, which the collation does not tell",
			"UPDATE notes SET body = 'A note' WHERE id = 0 AND member_id = " + member,
			"UPDATE notes SET body = 'a note' WHERE id = 0 AND member_id = " + member,
			[]string{"table notes", "member_id=" + member, "column body", "'A note' on the target"}},
		{"a missing row",
			"DELETE FROM notes WHERE id = 3 AND member_id = " + member,
			"INSERT INTO notes VALUES (3, " + member + ", 'a note', 3.50, '{\"k\": 3}')",
			[]string{"table notes", "id=3", "member_id=" + member, "missing on the target"}},
		{"an extra row",
			"INSERT INTO contacts VALUES (" + member + ", 77, 'x')",
			"DELETE FROM contacts WHERE id = 77",
			[]string{"table contacts", "member_id=" + member, "id=77", "extra on the target"}},
		{"rows of a member that has none",
			"INSERT INTO contacts VALUES (" + f.MemberOn(0, 30).String() + ", 77, 'x')",
			"DELETE FROM contacts WHERE id = 77",
			[]string{"member_id=" + f.MemberOn(0, 30).String(), "extra on the target"}},
	} {
		t.Run(plant.name, func(t *testing.T) {
			f := f.of(t)
			reached, letGo := f.hold("before-verify", move.Limits{})
			stop := f.work()
			defer stop()
			job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
			reached()
			f.exec(f.Admin[1], plant.on)
			letGo()
			j := f.stopped(job.ID)
			for _, word := range append(plant.says, "berth job cancel "+job.ID) {
				if !strings.Contains(j.Error, word) {
					t.Errorf("the error does not say %q: %s", word, j.Error)
				}
			}
			if j.Phase != move.Verifying || j.Mismatches == 0 {
				t.Errorf("the job is %s with %d mismatches", j.Phase, j.Mismatches)
			}
			f.home(low, "s1")

			f.exec(f.Admin[1], plant.off)
			f.ask(job.ID, move.WantRun)
			f.phase(job.ID, move.Reversible)
			f.same(low)
			f.ask(job.ID, move.WantRollback)
			f.phase(job.ID, move.RolledBack)
		})
	}
}

// While the way back is open the old owner's rows are compared again and
// again, all of them in time, and rolling back onto a difference is refused.
func TestPlantedDifferenceAfterTheSwitch(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(300, 2)
	low := mustRange(t, "-80")
	// The last one in member order: far from where the sampling begins.
	member := f.MemberOn(0, len(f.rows(0, "contacts", low))/2-1).String()
	f.exec(f.Admin[0], "DELETE FROM notes WHERE member_id > 10") // tables of different members
	f.exec(f.Admin[1], "DELETE FROM notes WHERE member_id > 10")
	f.limit(move.Limits{SampleEvery: 20 * time.Millisecond})
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
	f.phase(job.ID, move.Reversible)
	f.exec(f.Admin[0], "UPDATE contacts SET name = 'firsu' WHERE id = 1 AND member_id = "+member)
	j := f.stopped(job.ID)
	for _, word := range []string{"table contacts", "member_id=" + member, "column name", "berth job complete " + job.ID} {
		if !strings.Contains(j.Error, word) {
			t.Errorf("the error does not say %q: %s", word, j.Error)
		}
	}
	if j.Phase != move.Reversible || j.Mismatches == 0 {
		t.Errorf("the job is %s with %d mismatches", j.Phase, j.Mismatches)
	}

	f.ask(job.ID, move.WantRollback)
	j = f.stopped(job.ID)
	if !strings.Contains(j.Error, "member_id="+member) {
		t.Errorf("rolling back onto a difference: %s", j.Error)
	}
	f.home(low, "s2")

	f.exec(f.Admin[0], "UPDATE contacts SET name = 'first' WHERE id = 1 AND member_id = "+member)
	f.ask(job.ID, move.WantRollback)
	f.phase(job.ID, move.RolledBack)
	f.home(low, "s1")
}
