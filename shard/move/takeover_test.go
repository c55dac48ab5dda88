package move_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/testcluster"
)

// consulStore is a store on the shared agent.
func consulStore(t testing.TB) shard.Store {
	t.Helper()
	cfg, err := consul.Parse(testcluster.Consul(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	store, err := consul.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// cut gives every place of the lower half a range of its own.
func (f *fleet) cut(at ...string) (ranges []shard.Range) {
	f.t.Helper()
	for _, s := range at {
		k := mustRange(f.t, s+"-").Start
		f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Cut(f.Change("cut at "+s), k) })
	}
	for _, e := range f.Map().Entries() {
		if e.Shard == "s1" {
			ranges = append(ranges, e.Span.Range)
		}
	}
	return ranges
}

// stops waits until the process has been stopped by its failpoint.
func (f *fleet) stops(cmd *exec.Cmd, failpoint string) {
	f.t.Helper()
	f.eventually("a worker stopped at "+failpoint, func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		if err != nil {
			f.t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		return strings.HasPrefix(rest, "T")
	})
}

// Workers are stopped for longer than their locks last, each at another step of
// its move. Another worker brings all moves to their end, and clients write on
// the new owner. Then the stopped ones wake up in the middle of what they were
// doing: nothing of that has any effect. And they are good workers again.
func TestWokenWorker(t *testing.T) {
	f := newFleet(t, consulStore(t))
	const members, rows = 100, 10
	f.fill(members, rows)
	low := mustRange(t, "-80")
	before := len(f.rows(0, "contacts", low))
	ranges := f.cut("10", "20", "30", "40", "50", "60")
	var processes []*exec.Cmd
	var jobs []string
	for i, failpoint := range []string{
		"before-record-chunk", "after-chunk", "before-freeze", "after-freeze", "before-list", "after-catch-up", "before-switch",
	} {
		job := f.start(move.Request{Kind: move.KindMove, Range: ranges[i], To: "s2"})
		p := f.process(failpoint + "=stop")
		f.stops(p, failpoint)
		jobs, processes = append(jobs, job.ID), append(processes, p)
	}
	began := time.Now()
	stop := f.work()
	for _, id := range jobs {
		f.phase(id, move.Reversible)
	}
	t.Logf("all jobs were taken up and switched in %.1f s", time.Since(began).Seconds())
	f.same(low)
	f.exec(f.Admin[1], "UPDATE contacts SET name = 'on the new owner' WHERE id < 5")
	epoch := f.Map().Epoch()

	for _, p := range processes {
		if err := p.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	// They have what they stood at behind them when they can be given work.
	stop()
	f.exec(f.Admin[1], "UPDATE contacts SET name = 'on the new owner' WHERE id >= 5")
	for _, id := range jobs {
		f.ask(id, move.WantRollback)
	}
	for _, id := range jobs {
		f.phase(id, move.RolledBack)
	}
	after := f.rows(0, "contacts", low)
	if len(after) != before {
		t.Errorf("%d rows became %d", before, len(after))
	}
	for _, row := range after {
		if !strings.HasSuffix(row, "|on the new owner") {
			t.Fatalf("a write on the new owner is lost: %s", row)
		}
	}
	if left := f.rows(1, "contacts", low); len(left) > 0 {
		t.Errorf("s2 still has %d rows", len(left))
	}
	for _, r := range ranges {
		f.home(r, "s1")
	}
	f.nothingLeft()
	t.Logf("epoch %d before they woke up, %d at the end", epoch, f.Map().Epoch())
}

// A worker is killed and the store is Consul: another one goes on when it sees
// that the lock's holder is gone.
func TestKilledWorkersJobIsTakenUp(t *testing.T) {
	f := newFleet(t, consulStore(t))
	f.fill(20, 5)
	low := mustRange(t, "-80")
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
	dead := f.process("after-fence=kill")
	f.until(job.ID, "taken", func(j *move.Job) bool { return j.Worker != "" })
	f.work() // it is there while the other one lives, and watches the lock
	died(t, dead, "after-fence")
	began := time.Now()
	f.phase(job.ID, move.Reversible)
	t.Logf("taken up and switched %.1f s after its worker was killed", time.Since(began).Seconds())
	f.same(low)
}
