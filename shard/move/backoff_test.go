package move_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move"
)

// fakeRouter is a router as the store and the servers see one, which holds a
// transaction and acknowledges only when it is told to.
type fakeRouter struct {
	f     *fleet
	state shard.RouterState
	entry shard.Registration
	db    *sql.DB
}

func (f *fleet) router(name string) *fakeRouter {
	f.t.Helper()
	r := &fakeRouter{f: f, state: shard.RouterState{Incarnation: "of-" + name, Name: name, Epoch: f.Map().Epoch()}}
	var err error
	if r.entry, err = f.Store.Register(f.t.Context(), r.state); err != nil {
		f.t.Fatal(err)
	}
	cfg := f.Instance
	cfg.Address, cfg.Database = f.Shards[0].Addr(), f.Shards[0].Database
	cfg.Expect = instance.Expect{Cluster: f.Cluster, Shard: "s1"}
	cfg.Incarnation, cfg.Router = r.state.Incarnation, name
	c, err := instance.NewConnector(cfg)
	if err != nil {
		f.t.Fatal(err)
	}
	r.db = sql.OpenDB(c)
	f.t.Cleanup(func() { _ = r.db.Close(); _ = r.entry.Close() })
	return r
}

// begin opens a transaction that has written.
func (r *fakeRouter) begin(statement string) *sql.Tx {
	r.f.t.Helper()
	tx, err := r.db.BeginTx(context.Background(), nil)
	if err != nil {
		r.f.t.Fatal(err)
	}
	if _, err := tx.Exec(statement); err != nil {
		r.f.t.Fatal(err)
	}
	return tx
}

// drain acknowledges every freeze from now on.
func (r *fakeRouter) drain() {
	r.f.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.f.Store.Watch(ctx, func(e shard.Event) {
			if e.Map != nil && e.Map.Epoch() > r.state.Drained {
				r.state.Epoch, r.state.Drained = e.Map.Epoch(), e.Map.Epoch()
				_ = r.entry.Announce(ctx, r.state)
			}
		})
	}()
	r.f.t.Cleanup(func() { cancel(); <-done })
}

// gaveUp waits until an attempt gave up, for that reason.
func (f *fleet) gaveUp(id, why string) {
	f.t.Helper()
	f.until(id, "an attempt that gave up", func(j *move.Job) bool {
		for _, n := range j.Notes {
			if strings.Contains(n, "gave up and changed nothing") && strings.Contains(n, why) {
				return true
			}
		}
		return false
	})
}

// A transaction of a router stays open: attempts give up, nothing is held in
// between, and when it has ended the next one goes through, with what it wrote.
func TestLongTransaction(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(20, 4)
	low := mustRange(t, "-80")
	member := f.MemberOn(0, 0).String()
	r := f.router("slow-router")
	tx := r.begin("UPDATE contacts SET name = 'long' WHERE member_id = " + member)
	f.limit(move.Limits{Patience: 300 * time.Millisecond})
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Drain: 200 * time.Millisecond}})
	f.gaveUp(job.ID, "slow-router")
	f.eventually("a range that nothing holds", func() bool {
		e, _ := f.Map().Find(shard.Span{Range: low})
		return e.Frozen == nil
	})
	if _, err := tx.Exec("UPDATE contacts SET name = 'long and longer' WHERE member_id = " + member); err != nil {
		t.Fatalf("an attempt that gave up ended a transaction: %v", err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	r.drain()
	j := f.phase(job.ID, move.Reversible)
	if j.Attempts < 2 {
		t.Errorf("%d attempts", j.Attempts)
	}
	f.same(low)
	f.names(1, member, "long and longer")
}

// names fails unless all contacts of the member have that name.
func (f *fleet) names(place int, member, want string) {
	f.t.Helper()
	var n, right int
	err := f.Admin[place].QueryRowContext(f.t.Context(), "SELECT COUNT(*), COALESCE(SUM(name = ?), 0) FROM contacts WHERE member_id = ?", want, member).Scan(&n, &right)
	if err != nil || n == 0 || n != right {
		f.t.Errorf("s%d has %d contacts of member %s, %d of them named %q: %v", place+1, n, member, right, want, err)
	}
}

// With Kill, what is still open when the time is over is ended, and none of it
// is on either server.
func TestKillEndsALongTransaction(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(20, 4)
	low := mustRange(t, "-80")
	member := f.MemberOn(0, 0).String()
	r := f.router("slow-router")
	tx := r.begin("UPDATE contacts SET name = 'killed' WHERE member_id = " + member)
	f.limit(move.Limits{Patience: 300 * time.Millisecond})
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Kill: true, Drain: 100 * time.Millisecond}})
	f.phase(job.ID, move.Reversible)
	f.same(low)
	f.names(1, member, "first")
	if err := tx.Commit(); err == nil {
		t.Error("the transaction was committed after all")
	}
	f.names(0, member, "first")
}

// Without success the job fails after so many attempts, says why, and can be
// resumed.
func TestAttemptsRunOut(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(10, 2)
	low := mustRange(t, "-80")
	r := f.router("deaf-router")
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Drain: 50 * time.Millisecond, Attempts: 2}})
	var j *move.Job
	f.eventually("a failed job", func() bool {
		var err error
		if j, err = f.jobs.Get(t.Context(), job.ID); err != nil {
			t.Fatal(err)
		}
		return j.Phase == move.Failed
	})
	if !strings.Contains(j.Error, "deaf-router") || !strings.Contains(j.Error, "berth job resume "+job.ID) || j.Attempts != 2 {
		t.Errorf("%d attempts: %s", j.Attempts, j.Error)
	}
	f.home(low, "s1")
	r.drain()
	f.ask(job.ID, move.WantRun)
	f.phase(job.ID, move.Reversible)
	f.same(low)
}

// A prepared XA transaction outlives every session, so the cutover waits for
// somebody to end it.
func TestPreparedTransaction(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(20, 4)
	low := mustRange(t, "-80")
	conn, err := f.Admin[0].Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Hold: true}})
	f.work()
	f.phase(job.ID, move.Ready)
	xid := "'" + job.ID + "'"
	for _, statement := range []string{
		"CREATE TABLE elsewhere (id INT PRIMARY KEY)",
		"XA START " + xid, "INSERT INTO elsewhere VALUES (1)", "XA END " + xid, "XA PREPARE " + xid,
	} {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	// Nobody else's cutover may find it, whatever becomes of this test.
	defer f.Admin[0].Exec("XA ROLLBACK " + xid) //nolint:errcheck // it is rolled back already
	_ = conn.Close()
	f.ask(job.ID, move.WantRun)
	f.gaveUp(job.ID, "prepared XA transaction")
	f.home(low, "s1")
	f.exec(f.Admin[0], "XA ROLLBACK "+xid)
	f.phase(job.ID, move.Reversible)
	f.same(low)
}

// Sessions that are no router's are ended at the cutover, told in the job's
// notes, and what they had not committed is nowhere. The fence is raised.
func TestStrangersAreEnded(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(20, 4)
	low := mustRange(t, "-80")
	member := f.MemberOn(0, 0).String()
	stranger := f.Shards[0].Open(t)
	tx, err := stranger.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("UPDATE contacts SET name = 'a shell' WHERE member_id = " + member); err != nil {
		t.Fatal(err)
	}
	f.limit(move.Limits{Patience: 300 * time.Millisecond})
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
	j := f.phase(job.ID, move.Reversible)
	if notes := strings.Join(j.Notes, "\n"); !strings.Contains(notes, "ended session") || !strings.Contains(notes, " of "+f.Shards[0].User+"@") {
		t.Errorf("the notes do not tell of the session: %s", notes)
	}
	if err := tx.Commit(); err == nil {
		t.Error("a stranger committed on the old owner")
	}
	f.same(low)
	f.names(1, member, "first")

	var fence uint64
	err = f.Admin[0].QueryRowContext(t.Context(), "SELECT min_epoch FROM _berth.fence WHERE database_name = DATABASE() AND span = ?", low.String()).Scan(&fence)
	if now := f.Map().Epoch(); err != nil || fence != now-1 {
		t.Errorf("the fence of the old owner is at %d in epoch %d: %v", fence, now, err)
	}
}
