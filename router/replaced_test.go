package router

import (
	"context"
	"testing"
	"time"

	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

// listed reports whether the shard's server has a session of that number.
func listed(t *testing.T, f *testfleet.Fleet, id uint64) bool {
	t.Helper()
	var n int
	if err := f.Admin[0].QueryRowContext(t.Context(), "SELECT COUNT(*) FROM performance_schema.processlist WHERE id = ?", id).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n > 0
}

// The clock of this host is of no account: a session that is there is killed,
// however old it looks.
func TestSessionThatLooksOlderThanItsServerIsKilled(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{Shards: 1})
	r, p := within(t, f)
	m := f.MemberOn(0, 0)
	tx, err := p.Member(m).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // its session is gone
	tk := inFlight(t, r, m)
	c := tk.conn.Load()
	c.born = time.Now().Add(-1000 * time.Hour)
	if err := tk.server.end(t.Context(), tk); err != nil {
		t.Fatal(err)
	}
	if listed(t, f, c.ID()) {
		t.Errorf("session %d is said to be gone and is there", c.ID())
	}
}

// A server was restarted so quickly that its age proves nothing, and the number
// of the session that is to be killed is another one's.
func TestSessionThatHasTheNumberOfOneBeforeTheRestartIsLeftAlone(t *testing.T) {
	server := testcluster.OwnMySQL(t, mysqld.Options{Durable: true})
	f := testfleet.New(t, testfleet.Options{Shards: 1, On: []*mysqld.Server{server}})
	r, p := within(t, f)
	cfg := f.Instance
	cfg.Address, cfg.Database = f.Shards[0].Addr(), f.Shards[0].Database
	door, err := instance.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	dial := func() *instance.Conn {
		c, err := door.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() }) // it may be broken
		return c
	}
	for range 100 { // so that the number is not taken before we come to it
		_ = dial().Close()
	}
	m := f.MemberOn(0, 0)
	tx, err := p.Member(m).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // its session is gone
	tk := inFlight(t, r, m)
	c := tk.conn.Load()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	stranger := dial()
	for stranger.ID() < c.ID() {
		stranger = dial()
	}
	if stranger.ID() != c.ID() {
		t.Fatalf("the restarted server gave number %d to a session that is not the test's", c.ID())
	}
	c.born = time.Now()
	if err := tk.server.end(t.Context(), tk); err != nil {
		t.Fatal(err)
	}
	if err := stranger.Ping(context.Background()); err != nil {
		t.Errorf("the session that has the number now: %v", err)
	}
}
