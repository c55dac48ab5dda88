package move_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// give gives one member rows more in the table contacts, and as many notes.
func (f *fleet) give(place int, m shard.Member, rows int) {
	f.t.Helper()
	for from := 0; from < rows; from += 5000 {
		var contacts, notes []string
		for k := from; k < min(rows, from+5000); k++ {
			contacts = append(contacts, fmt.Sprintf("(%s,%d,'first')", m, 2*k))
			notes = append(notes, fmt.Sprintf("(%d,%s,'a note',%d.50,'{\"k\": %d}')", 2*k, m, k, k))
		}
		f.exec(f.Admin[place], "REPLACE INTO contacts VALUES "+strings.Join(contacts, ","))
		f.exec(f.Admin[place], "REPLACE INTO notes VALUES "+strings.Join(notes, ","))
	}
}

// churn changes one member's rows, of every key, until stop is called: values,
// keys, rows that go and that come.
func (f *fleet) churn(place int, m shard.Member, rows int) (stop func()) {
	f.t.Helper()
	quit := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		rng := rand.New(rand.NewPCG(1, 2))
		for i := 0; ; i++ {
			select {
			case <-quit:
				return
			default:
			}
			k := rng.IntN(2 * rows)
			for _, s := range []string{
				"UPDATE contacts SET name = 'churned %d' WHERE member_id = %s AND id BETWEEN %d AND %d + 20",
				"DELETE FROM notes WHERE body <> 'churned %d' AND member_id = %s AND id BETWEEN %d AND %d + 3",
				"REPLACE INTO notes (body, member_id, id, score) VALUES ('churned %d', %s, %d, %d)",
				"UPDATE IGNORE contacts SET name = 'moved %d', id = id + 1 WHERE member_id = %s AND id BETWEEN %d AND %d + 2",
			} {
				if _, err := f.Admin[place].Exec(fmt.Sprintf(s, i, m, k, k)); err != nil {
					f.t.Errorf("churn: %v", err)
					return
				}
			}
		}
	})
	stop = sync.OnceFunc(func() { close(quit); done.Wait() })
	f.t.Cleanup(stop)
	return stop
}

// A member of very many rows is copied in parts, while its rows change. The
// worker is killed between two parts, and the next one goes on after the last
// that is there.
func TestHeavyMember(t *testing.T) {
	for _, c := range []struct {
		name   string
		member bool
	}{{"in a range", false}, {"by itself", true}} {
		t.Run(c.name, func(t *testing.T) {
			f := newFleet(t, nil)
			f.fill(30, 10)
			const rows = 3000
			low := mustRange(t, "-80")
			heavy := f.MemberOn(0, 5)
			f.give(0, heavy, rows)
			request := move.Request{Kind: move.KindMove, Range: low, To: "s2"}
			if c.member {
				request.Range, request.Member = shard.Range{}, heavy
			}
			// Parts of 250 rows: the second one is written, and not recorded yet.
			t.Setenv(workerLimits, "250,1000")
			job := f.start(request)
			stop := f.churn(0, heavy, rows)
			died(t, f.process("after-part=kill"), "after-part")
			if n := f.chunksBegun(1, job.ID); n == 0 {
				t.Error("no chunk is there in part, so nothing was gone on with")
			}
			f.limit(move.Limits{ChunkRows: 250, HeavyRows: 1000})
			f.work()
			f.until(job.ID, "copied", func(j *move.Job) bool { return j.Phase != move.Copying && j.Phase != move.Preparing })
			stop()
			j := f.phase(job.ID, move.Reversible)
			for _, table := range []string{"contacts", "notes"} {
				a, b := f.member(0, table, heavy), f.member(1, table, heavy)
				if table == "contacts" && !strings.Contains(strings.Join(a, "\n"), "|churned ") {
					t.Error("the member's rows did not change meanwhile")
				}
				if len(a) < rows/2 || strings.Join(a, "\n") != strings.Join(b, "\n") {
					t.Errorf("table %s: %d rows of the member and %d, which differ", table, len(a), len(b))
				}
			}
			t.Logf("copied %d rows, applied %d", j.RowsCopied, j.RowsApplied)
			f.ask(job.ID, move.WantRollback)
			f.phase(job.ID, move.RolledBack)
			if left := f.member(1, "contacts", heavy); len(left) > 0 {
				t.Errorf("s2 still has %d rows of the member", len(left))
			}
			f.nothingLeft()
		})
	}
}

// chunksBegun is how many chunks are on the target in part.
func (f *fleet) chunksBegun(place int, job string) (n int) {
	f.t.Helper()
	err := f.Admin[place].QueryRowContext(f.t.Context(), "SELECT COUNT(*) FROM _berth.move_chunks WHERE job = ? AND after IS NOT NULL", job).Scan(&n)
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// member is one member's rows, as text, in order.
func (f *fleet) member(place int, table string, m shard.Member) (out []string) {
	f.t.Helper()
	for _, row := range f.rows(place, table, shard.Range{}) {
		fields := strings.Split(row, "|")
		if fields[0] == m.String() {
			out = append(out, row)
		}
	}
	return out
}
