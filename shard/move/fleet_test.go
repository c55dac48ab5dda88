package move_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

// fleet is two shards with rows, and a worker.
type fleet struct {
	*testfleet.Fleet
	t    testing.TB
	jobs *move.Jobs
	cfg  move.Config
}

const notes = "CREATE TABLE notes (" +
	" id BIGINT NOT NULL, member_id BIGINT NOT NULL, body TEXT, score DECIMAL(10,2), doc JSON," +
	" PRIMARY KEY (id, member_id), KEY by_member (member_id))"

// newFleet has its shards on the shared servers, on which a cutover ends
// everybody else's sessions: tests with one don't run in parallel.
func newFleet(t testing.TB, store shard.Store) *fleet {
	t.Helper()
	return fleetOf(t, testfleet.Options{Servers: 2, Store: store})
}

// ownFleet has servers of its own, which the test may kill, freeze or change.
func ownFleet(t testing.TB, store shard.Store, o mysqld.Options) *fleet {
	t.Helper()
	servers := make([]*mysqld.Server, 2)
	var started sync.WaitGroup
	for i := range servers {
		started.Go(func() { servers[i] = testcluster.OwnMySQL(t, o) })
	}
	started.Wait()
	return fleetOf(t, testfleet.Options{On: servers, Store: store})
}

func fleetOf(t testing.TB, o testfleet.Options) *fleet {
	t.Helper()
	o.Shards = 2
	if o.Schema == nil {
		o.Schema = []string{testfleet.Contacts, notes}
		o.Tables = []shard.Table{
			{Name: "contacts", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true},
			{Name: "notes", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true},
		}
	}
	f := &fleet{t: t, Fleet: testfleet.New(t, o)}
	f.jobs = move.NewJobs(f.Store)
	f.cfg = move.Config{Store: f.Store, Name: "test worker", Instance: instance.Config{
		User: f.Shards[0].AdminUser, Password: instance.Literal(f.Shards[0].AdminPassword),
	}, Logger: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelInfo}))}
	f.limit(move.Limits{})
	return f
}

// limit gives the fleet's next workers smaller limits, and has them look for
// jobs more often.
func (f *fleet) limit(l move.Limits) {
	l.LookEvery = 50 * time.Millisecond
	f.cfg = f.cfg.Limited(l)
}

// hold makes the next worker stop once at the failpoint, until let go; reached
// waits for it to be there.
func (f *fleet) hold(failpoint string, l move.Limits) (reached, letGo func()) {
	f.t.Helper()
	path := filepath.Join(f.t.TempDir(), "hold")
	l.Failpoint = failpoint + "=touch:" + path
	f.limit(l)
	letGo = sync.OnceFunc(func() {
		f.limit(move.Limits{})
		_ = os.Remove(path)
	})
	reached = func() {
		f.t.Helper()
		f.eventually("a worker at "+failpoint, func() bool {
			_, err := os.Stat(path)
			return err == nil
		})
	}
	return reached, letGo
}

// eventually waits for something that is bound to happen.
func (f *fleet) eventually(what string, ok func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("there never was %s", what)
		}
	}
}

// testWriter sends a log to the test.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// fill gives members 1 to n rows on their homes.
func (f *fleet) fill(n, rows int) {
	f.t.Helper()
	for place, db := range f.Admin {
		var contacts, notes []string
		for id := 1; id <= n; id++ {
			if f.Home(shard.Int(int64(id))) != place {
				continue
			}
			for k := range rows {
				contacts = append(contacts, fmt.Sprintf("(%d,%d,'first')", id, k))
				notes = append(notes, fmt.Sprintf("(%d,%d,'a note',%d.50,'{\"k\": %d}')", k, id, k, k))
			}
		}
		for len(contacts) > 0 {
			n := min(len(contacts), 5000)
			f.exec(db, "INSERT INTO contacts VALUES "+strings.Join(contacts[:n], ","))
			f.exec(db, "INSERT INTO notes VALUES "+strings.Join(notes[:n], ","))
			contacts, notes = contacts[n:], notes[n:]
		}
	}
}

func (f *fleet) exec(db *sql.DB, statement string) {
	f.t.Helper()
	if _, err := db.ExecContext(f.t.Context(), statement); err != nil {
		f.t.Fatalf("%.100s: %v", statement, err)
	}
}

// start plans and starts a move.
func (f *fleet) start(r move.Request) *move.Job {
	f.t.Helper()
	p, err := move.MakePlan(f.t.Context(), f.cfg, r)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := p.Refused(); err != nil {
		f.t.Fatal(err)
	}
	j, err := move.Start(f.t.Context(), f.cfg, p)
	if err != nil {
		f.t.Fatal(err)
	}
	return j
}

// work runs a worker until the test ends or stop is called.
func (f *fleet) work() (stop func()) {
	f.t.Helper()
	w, err := move.NewWorker(f.cfg)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := w.Run(ctx); err != nil {
			f.t.Errorf("worker: %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); done.Wait() })
	f.t.Cleanup(stop)
	return stop
}

// until waits for the job to come so far.
func (f *fleet) until(id string, what string, ok func(*move.Job) bool) *move.Job {
	f.t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for {
		j, err := f.jobs.Get(f.t.Context(), id)
		if err != nil {
			f.t.Fatal(err)
		}
		if ok(j) {
			return j
		}
		if j.Phase == move.Failed || j.Paused || time.Now().After(deadline) {
			f.t.Fatalf("job %s did not become %s: %+v", id, what, j)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (f *fleet) phase(id string, p move.Phase) *move.Job {
	f.t.Helper()
	return f.until(id, string(p), func(j *move.Job) bool { return j.Phase == p })
}

// rows is every row of a table for the members whose keyspace id is in the
// range, as text, in order.
func (f *fleet) rows(place int, table string, r shard.Range) (out []string) {
	f.t.Helper()
	statement := "SELECT member_id, CONCAT_WS('|', member_id, id, name) FROM contacts ORDER BY 1, 2"
	if table == "notes" {
		statement = "SELECT member_id, CONCAT_WS('|', member_id, id, body, score, doc) FROM notes ORDER BY 1, 2"
	}
	rows, err := f.Admin[place].QueryContext(f.t.Context(), statement)
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			f.t.Fatal(err)
		}
		if r.Contains(shard.Int(id).KeyspaceID()) {
			out = append(out, text)
		}
	}
	if err := rows.Err(); err != nil {
		f.t.Fatal(err)
	}
	return out
}

// same fails unless both servers have the same rows for the range.
func (f *fleet) same(r shard.Range) {
	f.t.Helper()
	for _, table := range []string{"contacts", "notes"} {
		a, b := f.rows(0, table, r), f.rows(1, table, r)
		if len(a) != len(b) {
			f.t.Errorf("table %s: %d rows and %d rows", table, len(a), len(b))
		}
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				f.t.Fatalf("table %s: %q and %q", table, a[i], b[i])
			}
		}
	}
}

// traffic writes to a server until stop is called: inserts, updates of values
// and of keys, deletes, transactions of several rows, for members 1 to n.
func (f *fleet) traffic(place, n, rows int) (stop func() int64) {
	f.t.Helper()
	var count atomic.Int64
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	for w := range 4 {
		done.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), uint64(place)))
			for ctx.Err() == nil {
				if err := f.change(ctx, rng, place, n, rows); err != nil && ctx.Err() == nil && !instance.IsDeadlock(err) {
					f.t.Errorf("traffic: %v", err)
					return
				}
				count.Add(1)
			}
		})
	}
	stop = func() int64 { cancel(); done.Wait(); return count.Load() }
	f.t.Cleanup(func() { stop() })
	return stop
}

func (f *fleet) change(ctx context.Context, rng *rand.Rand, place, n, rows int) error {
	id := int64(1 + rng.IntN(n))
	if f.Home(shard.Int(id)) < 0 {
		return nil
	}
	tx, err := f.Admin[place].BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
	k := rng.IntN(2 * rows)
	for _, s := range []string{
		fmt.Sprintf("REPLACE INTO contacts VALUES (%d, %d, 'by traffic %d')", id, k, rng.IntN(1000)),
		fmt.Sprintf("UPDATE contacts SET name = CONCAT('u', %d) WHERE member_id = %d AND id = %d", rng.IntN(1000), id, rng.IntN(2*rows)),
		fmt.Sprintf("DELETE FROM contacts WHERE member_id = %d AND id = %d", id, rng.IntN(2*rows)),
		fmt.Sprintf("UPDATE IGNORE notes SET id = id + %d, score = score + 0.25 WHERE member_id = %d AND id = %d", 1+rng.IntN(5), id, rng.IntN(2*rows)),
		fmt.Sprintf("REPLACE INTO notes VALUES (%d, %d, 'traffic', 1.10, JSON_OBJECT('p', CAST(%d.10 AS DECIMAL(10,2))))", k, id, rng.IntN(100)),
	}[rng.IntN(4):] {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// stopped waits for the job to stand still with an error.
func (f *fleet) stopped(id string) (j *move.Job) {
	f.t.Helper()
	f.eventually("job "+id+" standing still with an error", func() bool {
		var err error
		if j, err = f.jobs.Get(f.t.Context(), id); err != nil {
			f.t.Fatal(err)
		}
		return j.Paused && j.Error != ""
	})
	return j
}

// entries are what the map says of every range and pin, without its epoch.
func (f *fleet) entries() (list []string) {
	f.t.Helper()
	for _, e := range f.Map().Entries() {
		list = append(list, fmt.Sprintf("%s on %s, frozen %t", e.Span, e.Shard, e.Frozen != nil))
	}
	return list
}

// home fails unless the range is on that shard, and not frozen.
func (f *fleet) home(r shard.Range, name string) {
	f.t.Helper()
	entry, ok := f.Map().Find(shard.Span{Range: r})
	if !ok || entry.Shard != name || entry.Frozen != nil {
		f.t.Errorf("range %s is %+v, want it on %s", r, entry, name)
	}
}
