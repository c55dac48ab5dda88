package move_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// done runs a move to its very end.
func (f *fleet) done(r move.Request) *move.Job {
	f.t.Helper()
	job := f.start(r)
	f.phase(job.ID, move.Reversible)
	f.ask(job.ID, move.WantComplete)
	return f.phase(job.ID, move.Done)
}

// wantMap fails unless the map is these entries: "SPAN on SHARD".
func (f *fleet) wantMap(want ...string) {
	f.t.Helper()
	for i := range want {
		want[i] += ", frozen false"
	}
	got := f.entries()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		f.t.Errorf("the map is %q, want %q", got, want)
	}
}

// split, move, move of a member, unpin and merge, one after the other: the map
// is what was asked for, and every member's rows are where it says, once.
func TestKindsOfMoves(t *testing.T) {
	f := newFleet(t, nil)
	const members = 60
	f.fill(members, 4)
	f.work()
	everybodyHome := func() {
		t.Helper()
		for id := 1; id <= members; id++ {
			m := shard.Int(int64(id))
			home := f.Home(m)
			for place := range f.Admin {
				want := 0
				if place == home {
					want = 4
				}
				for _, table := range []string{"contacts", "notes"} {
					if got := len(f.member(place, table, m)); got != want {
						t.Fatalf("member %s has %d rows of table %s on s%d, want %d", m, got, table, place+1, want)
					}
				}
			}
		}
	}

	cut := mustRange(t, "40-").Start
	f.done(move.Request{Kind: move.KindSplit, Range: mustRange(t, "-80"), At: cut, To: "s2"})
	f.wantMap("-40 on s1", "40-80 on s2", "80- on s2")
	everybodyHome()

	member := f.MemberOn(0, 2)
	f.done(move.Request{Kind: move.KindMove, Member: member, To: "s2"})
	f.wantMap("-40 on s1", "40-80 on s2", "80- on s2", "member:"+member.String()+" on s2")
	everybodyHome()

	// The range around the pin moves without it, there and back.
	low := mustRange(t, "-40")
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
	f.phase(job.ID, move.Reversible)
	f.ask(job.ID, move.WantRollback)
	f.phase(job.ID, move.RolledBack)
	f.wantMap("-40 on s1", "40-80 on s2", "80- on s2", "member:"+member.String()+" on s2")
	everybodyHome()

	f.done(move.Request{Kind: move.KindUnpin, Member: member})
	f.wantMap("-40 on s1", "40-80 on s2", "80- on s2")
	everybodyHome()

	f.done(move.Request{Kind: move.KindMerge, Range: mustRange(t, "40-80"), With: low, To: "s1"})
	f.wantMap("-80 on s1", "80- on s2")
	everybodyHome()

	// A split without a place cuts where half of the rows are on either side.
	j := f.done(move.Request{Kind: move.KindSplit, Range: mustRange(t, "-80"), To: "s2"})
	everybodyHome()
	here, there := len(f.rows(0, "contacts", shard.Range{})), len(f.rows(1, "contacts", *j.Range))
	if here < there/2 || there < here/2 {
		t.Errorf("a split left %d rows and took %d", here, there)
	}
	f.nothingLeft()
}

// A merge whose other half has a way back open ends without taking that away:
// the ranges stay two, the job says why, and the other can still go back.
func TestMergeBesideAWayBack(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(40, 2)
	f.cut("40")
	f.work()
	low, high := mustRange(t, "-40"), mustRange(t, "40-80")
	before := len(f.rows(0, "contacts", low))
	first := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
	f.phase(first.ID, move.Reversible)
	j := f.done(move.Request{Kind: move.KindMerge, Range: high, With: low, To: "s2"})
	f.wantMap("-40 on s2", "40-80 on s2", "80- on s2")
	if notes := strings.Join(j.Notes, "\n"); !strings.Contains(notes, "job "+first.ID+" works on -40") {
		t.Errorf("the notes do not say why: %s", notes)
	}
	f.ask(first.ID, move.WantRollback)
	f.phase(first.ID, move.RolledBack)
	f.wantMap("-40 on s1", "40-80 on s2", "80- on s2")
	if after := len(f.rows(0, "contacts", low)); after != before {
		t.Errorf("%d rows became %d", before, after)
	}
}
