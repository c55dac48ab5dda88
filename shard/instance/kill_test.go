package instance_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard/instance"
	"github.com/go-sql-driver/mysql"
)

// When Kill returns, what the session had not committed is undone and its
// locks are free.
func TestKillEndsATransaction(t *testing.T) {
	p := identified(t, "a")
	run(t, p.admin, "CREATE TABLE t (id INT PRIMARY KEY)")
	conn := p.connect(p.config())
	tx, err := conn.BeginTx(t.Context(), driver.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "INSERT INTO t VALUES (1)", nil); err != nil {
		t.Fatal(err)
	}
	for range 2 { // gone already is fine
		if err := instance.Kill(t.Context(), p.admin, conn.ID()); err != nil {
			t.Fatal(err)
		}
	}
	run(t, p.admin, "SET innodb_lock_wait_timeout = 1")
	run(t, p.admin, "INSERT INTO t VALUES (1)")
	if err := tx.Commit(); err == nil {
		t.Error("a killed session committed")
	}
}

// An account ends its own sessions, from a second connection, and no others.
func TestKillByAccount(t *testing.T) {
	p := identified(t, "a")
	app := p.open(p.config())
	mine := p.connect(p.config())
	done := make(chan error)
	go func() {
		_, err := mine.ExecContext(t.Context(), "DO SLEEP(600)", nil)
		done <- err
	}()
	if err := instance.Kill(t.Context(), app, mine.ID()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || instance.Definite(err) && !errors.Is(err, driver.ErrBadConn) {
		t.Errorf("the killed statement: %v", err)
	}
	other := ask[uint64](t, p.admin, "SELECT CONNECTION_ID()")
	var refused *mysql.MySQLError
	if err := instance.Kill(t.Context(), app, other); !errors.As(err, &refused) || refused.Number != 1095 {
		t.Errorf("another account's session: %v", err)
	}
}

// A session that waits for a replica in its commit fails its client at once
// when it is killed, stays, and commits later: Kill must not call it gone
// before.
func TestKillDuringCommit(t *testing.T) {
	s := ownServer(t)
	p := placeOn(t, s).identify("a")
	run(t, p.admin, "CREATE TABLE t (id INT PRIMARY KEY)")
	if _, err := p.admin.ExecContext(t.Context(), "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'"); err != nil {
		t.Skipf("the server has no semi-synchronous replication: %v", err)
	}
	run(t, p.admin, "SET GLOBAL rpl_semi_sync_source_timeout = 600000")
	run(t, p.admin, "SET GLOBAL rpl_semi_sync_source_enabled = ON")
	conn := p.connect(p.config())
	done := make(chan error)
	go func() {
		_, err := conn.ExecContext(t.Context(), "INSERT INTO t VALUES (1)", nil)
		done <- err
	}()
	waiting := "SELECT COUNT(*) FROM performance_schema.processlist WHERE id = ? AND state LIKE 'Waiting for semi-sync%'"
	for ask[int](t, p.admin, waiting, conn.ID()) == 0 {
		if t.Context().Err() != nil {
			t.Fatal("it never waited")
		}
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := instance.Kill(short, p.admin, conn.ID()); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "still there") {
		t.Errorf("it commits, and Kill says %v", err)
	}
	if err := <-done; err == nil || instance.Definite(err) {
		t.Errorf("the client was told %v, which is not unknown", err)
	}
	// Nothing of it is to be seen yet, and it will be.
	if n := ask[int](t, p.admin, "SELECT COUNT(*) FROM t"); n != 0 {
		t.Errorf("%d rows before the commit is through", n)
	}
	run(t, p.admin, "SET GLOBAL rpl_semi_sync_source_enabled = OFF") // lets it go on
	if err := instance.Kill(t.Context(), p.admin, conn.ID()); err != nil {
		t.Fatal(err)
	}
	if n := ask[int](t, p.admin, "SELECT COUNT(*) FROM t"); n != 1 {
		t.Errorf("Kill said that it is gone, and %d rows are there", n)
	}
}

func TestWaitGoneGivesUp(t *testing.T) {
	p := identified(t, "a")
	conn := p.connect(p.config())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := instance.WaitGone(ctx, p.admin, 1<<40, conn.ID())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := instance.WaitGone(t.Context(), p.admin, 1<<40); err != nil {
		t.Errorf("a session that never was: %v", err)
	}
	if err := instance.WaitGone(t.Context(), p.admin); err != nil {
		t.Errorf("no session at all: %v", err)
	}
}

func TestLag(t *testing.T) {
	p := newPlace(t)
	if _, err := instance.Lag(t.Context(), p.admin); !errors.Is(err, instance.ErrNotReplica) {
		t.Errorf("a server that is no replica: %v", err)
	}
	primary, s := ownServer(t), ownServer(t)
	if err := s.ReplicateFrom(t.Context(), primary); err != nil {
		t.Fatal(err)
	}
	root := instance.Config{Address: s.Addr(), User: s.Root().User, Password: instance.Literal(s.Root().Password), WithoutHello: true}
	admin := p.open(root)
	r, err := instance.Lag(t.Context(), admin)
	if err != nil || !r.Receiving || !r.Applying || r.Source != primary.Addr() || r.Err != "" {
		t.Fatalf("got %+v, %v", r, err)
	}

	// Identity and fence come with the data.
	home := placeOn(t, primary).identify("a")
	gtids := ask[string](t, home.admin, "SELECT @@gtid_executed")
	if missed := ask[int](t, admin, "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 60)", gtids); missed != 0 {
		t.Fatal("the replica did not catch up")
	}
	cfg := home.config()
	cfg.Address, cfg.Expect.Role = s.Addr(), instance.Replica
	home.connect(cfg)

	run(t, admin, "STOP REPLICA SQL_THREAD")
	if r, err = instance.Lag(t.Context(), admin); err != nil || r.Applying || r.Known || r.Lag != 0 {
		t.Errorf("with its applier stopped: %+v, %v", r, err)
	}
	app := p.open(instance.Config{Address: s.Addr(), User: s.App().User, Password: instance.Literal(s.App().Password), WithoutHello: true})
	if _, err := instance.Lag(t.Context(), app); !instance.IsAccessDenied(err) || !strings.Contains(err.Error(), "replica") {
		t.Errorf("without the privilege: %v", err)
	}
}
