package move_test

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

// Consul is gone right after the freeze, and comes back: the attempt gives up,
// the freeze ends, and the job goes on to its switch. A write of the time in
// between is not lost.
func TestConsulGoneAtTheCutover(t *testing.T) {
	agent := testcluster.OwnConsul(t, consulagent.Options{})
	for _, failpoint := range []string{"after-freeze", "before-switch", "after-switch"} {
		t.Run(failpoint, func(t *testing.T) {
			cfg, err := consul.Parse("consul://" + agent.Addr() + "/" + failpoint)
			if err != nil {
				t.Fatal(err)
			}
			store, err := consul.Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = store.Close() })
			f := newFleet(t, store)
			f.fill(20, 4)
			low := mustRange(t, "-80")
			member := f.MemberOn(0, 0).String()
			reached, letGo := f.hold(failpoint, move.Limits{})
			f.work()
			job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
			reached()
			if err := agent.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			letGo()
			// The fence does not know who asks; this is who has the map of before.
			place := 0
			if failpoint == "after-switch" {
				place = 1
			}
			f.exec(f.Admin[place], "UPDATE contacts SET name = 'without a store' WHERE member_id = "+member)
			if err := agent.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.eventually("a store that answers", func() bool { _, err := f.jobs.Get(t.Context(), job.ID); return err == nil })
			f.phase(job.ID, move.Reversible)
			f.names(1, member, "without a store")
			f.ask(job.ID, move.WantRollback)
			f.phase(job.ID, move.RolledBack)
			f.names(0, member, "without a store")
			f.home(low, "s1")
		})
	}
}

// durableFleet has servers that survive kill -9 with all that they acknowledged.
func durableFleet(t testing.TB) (*fleet, []*mysqld.Server) {
	t.Helper()
	f := ownFleet(t, nil, mysqld.Options{Durable: true})
	return f, []*mysqld.Server{f.Shards[0].Server, f.Shards[1].Server}
}

// A server is killed and started again, the one or the other, while rows are
// copied and while the way back is open: the job goes on by itself.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	f, servers := durableFleet(t)
	const members, rows = 60, 20
	f.fill(members, rows)
	low := mustRange(t, "-80")
	member := f.MemberOn(0, 0).String()
	before := len(f.rows(0, "contacts", low))
	for i, name := range []string{"the source", "the target"} {
		t.Run(name, func(t *testing.T) {
			f := f.of(t)
			f.limit(move.Limits{})
			stop := f.work()
			defer stop()
			crash := func() {
				t.Helper()
				if err := servers[i].Kill(); err != nil {
					t.Fatal(err)
				}
				if err := servers[i].Restart(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Rate: 400}})
			f.until(job.ID, "copying some rows", func(j *move.Job) bool { return j.RowsCopied > 0 })
			f.exec(f.Admin[0], "UPDATE contacts SET name = 'before the crash' WHERE member_id = "+member)
			crash()
			f.exec(f.Admin[0], "UPDATE contacts SET name = 'after the crash' WHERE id = 1 AND member_id = "+member)
			f.phase(job.ID, move.Reversible)
			f.same(low)

			f.exec(f.Admin[1], "UPDATE contacts SET name = 'on the new owner'")
			crash()
			f.exec(f.Admin[1], "UPDATE contacts SET name = 'on the new owner, after the crash' WHERE id > 3")
			f.ask(job.ID, move.WantRollback)
			f.phase(job.ID, move.RolledBack)
			after := f.rows(0, "contacts", low)
			if len(after) != before {
				t.Errorf("%d rows became %d", before, len(after))
			}
			for _, row := range after {
				if !strings.Contains(row, "|on the new owner") {
					t.Fatalf("a write on the new owner is lost: %s", row)
				}
			}
			f.home(low, "s1")
			f.nothingLeft()
			f.exec(f.Admin[0], "UPDATE contacts SET name = 'first'")
		})
	}
}
