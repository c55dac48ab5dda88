package router_test

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 2, Consul: true}))
}

// open opens a router on the fleet, until the test ends.
func open(t testing.TB, f *testfleet.Fleet, change ...func(*router.Config)) *router.Router {
	t.Helper()
	cfg := router.Config{Store: f.Store, Instance: f.Instance, Name: "test"}
	if testing.Verbose() {
		cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	for _, fn := range change {
		fn(&cfg)
	}
	r, err := router.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close router: %v", err)
		}
	})
	return r
}

func repository(t testing.TB, r *router.Router) *router.Repository {
	t.Helper()
	p := router.NewRepository(r)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close repository: %v", err)
		}
	})
	return p
}

// eventually waits until the condition holds; it fails the test when it does
// not within a time that no sound run comes near.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("it never came about that %s", what)
}

func names(t testing.TB, db *sql.DB, id shard.Member) (list []string) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), "SELECT name FROM contacts WHERE member_id = ? ORDER BY id", id.String())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		list = append(list, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
