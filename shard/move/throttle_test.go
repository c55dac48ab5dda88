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
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

// A set rate is kept from the beginning on, and the job says that it is what
// holds it, and when it will be through.
func TestSetRate(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(80, 50)
	low := mustRange(t, "-80")
	const rate = 1000
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Rate: rate}})
	began := time.Now()
	held, told := false, false
	j := f.until(job.ID, "copied", func(j *move.Job) bool {
		held = held || strings.Contains(j.ThrottledBy, "the set rate of 1000 rows")
		if j.Phase == move.Copying && j.RowsCopied > j.RowsTotal/10 && j.ETASeconds > 0 && !told {
			told = true
			t.Logf("after %.1f s: %d of about %d rows, %d a second, %d s left", time.Since(began).Seconds(), j.RowsCopied, j.RowsTotal, j.RowsPerSecond, j.ETASeconds)
			if j.ETASeconds > 3600 {
				t.Errorf("an end in %d s", j.ETASeconds)
			}
		}
		return j.Phase != move.Planned && j.Phase != move.Preparing && j.Phase != move.Copying
	})
	took := time.Since(began).Seconds()
	t.Logf("%d rows in %.1f s", j.RowsCopied, took)
	// One second of it may come at once. A slow machine only takes longer.
	if most := rate * (took + 1); float64(j.RowsCopied) > most {
		t.Errorf("%d rows in %.1f s are more than %d a second", j.RowsCopied, took, rate)
	}
	if !held {
		t.Error("the job never said that the rate holds it")
	}
	if !told {
		t.Error("the job never said when it will be through")
	}
	f.phase(job.ID, move.Reversible)
	f.same(low)
}

// More running threads than allowed hold copying, which says so and goes on
// when they are gone.
func TestRunningThreadsHoldCopying(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(60, 20)
	low := mustRange(t, "-80")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	busy := f.Shards[0].Open(t)
	for range 8 {
		go func() { _, _ = busy.ExecContext(ctx, "SELECT SLEEP(600)") }()
	}
	f.eventually("a busy source", func() bool {
		var n int
		err := f.Admin[0].QueryRow("SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = 'Threads_running'").Scan(&n)
		return err == nil && n > 8
	})
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{MaxThreads: 6, Rate: 200}})
	f.until(job.ID, "held", func(j *move.Job) bool { return strings.Contains(j.ThrottledBy, "threads running on s1, above 6") })
	cancel()
	f.phase(job.ID, move.Reversible)
	f.same(low)
}

// A replica that falls behind holds copying until it has caught up.
func TestReplicaLagHoldsCopying(t *testing.T) {
	t.Parallel()
	f := ownFleet(t, nil, mysqld.Options{})
	replica := testcluster.OwnMySQL(t, mysqld.Options{})
	if err := replica.ReplicateFrom(t.Context(), f.Shards[1].Server); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("mysql", replica.DSN(replica.Root(), ""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var uuid string
	if err := db.QueryRowContext(t.Context(), "SELECT @@server_uuid").Scan(&uuid); err != nil {
		t.Fatal(err)
	}
	f.Edit(func(m *shard.Map) (*shard.Map, error) {
		s, _ := m.Shard("s2")
		s.Replicas = []shard.Instance{{Address: replica.Addr(), UUID: uuid}}
		return m.SetShard(f.Change("add a replica"), s)
	})
	f.fill(40, 20)
	low := mustRange(t, "-80")
	// The replica has all until here, its shard's identity too.
	var set string
	if err := f.Admin[1].QueryRowContext(t.Context(), "SELECT @@GLOBAL.gtid_executed").Scan(&set); err != nil {
		t.Fatal(err)
	}
	f.exec(db, "SELECT WAIT_FOR_EXECUTED_GTID_SET('"+set+"')")
	for _, s := range []string{"STOP REPLICA SQL_THREAD", "CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 600", "START REPLICA SQL_THREAD"} {
		f.exec(db, s)
	}
	f.exec(f.Admin[1], "INSERT INTO contacts VALUES (0, 0, 'what the replica waits with')")
	f.eventually("a replica that is late", func() bool {
		r, err := instance.Lag(t.Context(), db)
		return err == nil && r.Known && r.Lag > 2*time.Second
	})
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Rate: 200, MaxLag: time.Second}})
	held := func(by string) {
		t.Helper()
		j := f.until(job.ID, "held", func(j *move.Job) bool { return strings.Contains(j.ThrottledBy, by) })
		t.Logf("held by %q", j.ThrottledBy)
		if j.Phase != move.Copying {
			t.Errorf("the job is %s", j.Phase)
		}
	}
	held("replica lag")
	f.exec(db, "STOP REPLICA SQL_THREAD")
	held("does not replicate")
	for _, s := range []string{"CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 0", "START REPLICA SQL_THREAD"} {
		f.exec(db, s)
	}
	f.phase(job.ID, move.Reversible)
	f.same(low)
}
