package router

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

const insertContact = "INSERT INTO contacts (member_id, id, name) VALUES (?, ?, ?)"

// within gives a repository inside the package, for tests of what a drain does
// to a single ticket.
func within(t *testing.T, f *testfleet.Fleet, change ...func(*Config)) (*Router, *Repository) {
	t.Helper()
	cfg := Config{Store: f.Store, Instance: f.Instance, Name: "test"}
	for _, fn := range change {
		fn(&cfg)
	}
	r, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := NewRepository(r)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, p
}

// inFlight is the one ticket of the member.
func inFlight(t *testing.T, r *Router, m shard.Member) *ticket {
	t.Helper()
	list := r.gate.covered(shard.Span{Pin: m}, "s1")
	if len(list) != 1 {
		t.Fatalf("%d tickets of member %s are in flight, want 1", len(list), m)
	}
	return list[0]
}

// Two spans of one shard are frozen at a time, so two drains come to the end
// of their patience with the same unscoped statement. The first calls it back.
func TestSecondDrainLeavesAloneWhatTheFirstCalledBack(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	r, _ := within(t, f)
	var p patience
	m := f.MemberOn(0, 0)
	if _, err := r.enter(t.Context(), target{member: m, wide: true}, 0, &p); err != nil {
		t.Fatal(err)
	}
	tk := inFlight(t, r, m)
	for range 2 {
		if err := r.endTicket(t.Context(), tk); err != nil {
			t.Fatal(err)
		}
	}
}

// The first drain rolls a transaction back and gives its connection on; the
// second must not kill who has it now.
func TestSecondDrainDoesNotKillAConnectionThatTheFirstGaveOn(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	r, p := within(t, f, func(c *Config) { c.Pool.MaxOpen = 1 })
	ctx := t.Context()
	first, next := f.MemberOn(0, 0), f.MemberOn(0, 1)
	tx, err := p.Member(first).BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // the drain ends it
	tk := inFlight(t, r, first)
	if err := r.endTicket(ctx, tk); err != nil {
		t.Fatal(err)
	}
	other, err := p.Member(next).BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ExecContext(ctx, insertContact, next.String(), 1, "x"); err != nil {
		t.Fatal(err)
	}
	if err := r.endTicket(ctx, tk); err != nil {
		t.Fatal(err)
	}
	if err := other.Commit(); err != nil {
		t.Errorf("another member's transaction, which has the connection now: %v", err)
	}
}

func TestDrainGivesNoChangedSessionOn(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	r, p := within(t, f, func(c *Config) { c.Pool.MaxOpen = 1 })
	ctx := t.Context()
	first, next := f.MemberOn(0, 0), f.MemberOn(0, 1)
	tx, err := p.Member(first).BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // the drain ends it
	if _, err := tx.ExecContext(ctx, "SET @secret = 'of another member'"); err != nil {
		t.Fatal(err)
	}
	if err := r.endTicket(ctx, inFlight(t, r, first)); err != nil {
		t.Fatal(err)
	}
	err = p.Member(next).InTx(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
		var v sql.NullString
		err := tx.QueryRowContext(ctx, "SELECT @secret").Scan(&v)
		if v.Valid {
			t.Errorf("a user variable of the transaction that was rolled back is %q", v.String)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// For the race detector: transactions begin while a drain looks at them.
func TestDrainLooksAtATransactionThatIsJustBeginning(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	r, p := within(t, f)
	m := f.MemberOn(0, 0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 40 {
			tx, err := p.Member(m).BeginTx(t.Context(), nil)
			if err != nil {
				if !Retryable(err) {
					t.Error(err)
				}
				continue
			}
			if _, err := tx.ExecContext(t.Context(), insertContact, m.String(), 1, "x"); err != nil && !Retryable(err) {
				t.Error(err)
			}
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
		}
		for _, tk := range r.gate.covered(shard.Span{Pin: m}, "s1") {
			if err := r.endTicket(t.Context(), tk); err != nil {
				t.Error(err)
			}
		}
	}
}

// A server hangs, so the drain can neither roll back nor kill. It must come to
// an end all the same, and the ticket must leave once the server goes on.
func TestDrainDoesNotHangWithItsServerAndComesBackToWhatItCouldNotEnd(t *testing.T) {
	hung := testcluster.OwnMySQL(t, mysqld.Options{})
	f := testfleet.New(t, testfleet.Options{Shards: 1, On: []*mysqld.Server{hung}})
	r, p := within(t, f)
	m := f.MemberOn(0, 0)
	tx, err := p.Member(m).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	tk := inFlight(t, r, m)
	if err := hung.Freeze(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	go func() { ended <- r.endTicket(ctx, tk) }()
	select {
	case err = <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the drain hangs with its server")
	}
	if err == nil {
		t.Error("the end of the transaction is confirmed by a server that hangs")
	}
	if err := hung.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); !Retryable(err) {
		t.Errorf("commit: %v", err)
	}
	for end := time.Now().Add(20 * time.Second); r.Stat().Servers[0].InFlight > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the ticket never leaves")
		}
	}
}
