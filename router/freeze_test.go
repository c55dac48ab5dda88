package router_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/testfleet"
)

// freeze freezes the pin of the member, or its range, for the other shard.
func freeze(f *testfleet.Fleet, s shard.Span, to string, d time.Duration) *shard.Map {
	return f.Edit(func(m *shard.Map) (*shard.Map, error) {
		return m.Freeze(f.Change("freeze"), s, shard.Freeze{To: to, Attempt: "a1", Deadline: time.Now().Add(d)})
	})
}

func rangeOn(f *testfleet.Fleet, place int) shard.Span {
	m := f.Map()
	return m.Entry(m.Lookup(f.MemberOn(place, 0))).Span
}

// acknowledged reports whether a router has acknowledged the epoch.
func acknowledged(t testing.TB, f *testfleet.Fleet, epoch uint64) func() bool {
	return func() bool {
		routers, err := f.Store.Routers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(routers, func(r shard.RouterState) bool { return r.Drained == epoch })
	}
}

func TestFrozenMembersWaitOthersDoNotAndTheBufferedGoToTheNewHome(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	ctx := t.Context()
	moving, still := f.MemberOn(0, 0), f.MemberOn(1, 0)
	span := rangeOn(f, 0)
	if _, err := p.Member(moving).ExecContext(ctx, insert, moving.String(), 1, "before"); err != nil {
		t.Fatal(err)
	}
	m := freeze(f, span, "s2", time.Minute)
	eventually(t, "the router acknowledges the freeze", acknowledged(t, f, m.Epoch()))

	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() { _, errs[i] = p.Member(moving).ExecContext(ctx, insert, moving.String(), 10+i, "during") })
	}
	eventually(t, "all statements of the moving member wait", func() bool { return p.Stat().Buffered == len(errs) })
	if _, err := p.Member(still).ExecContext(ctx, insert, still.String(), 1, "meanwhile"); err != nil {
		t.Errorf("a member that does not move: %v", err)
	}
	if got := names(t, f.Admin[0], moving); !slices.Equal(got, []string{"before"}) {
		t.Errorf("rows written to the old home during the freeze: %v", got)
	}
	f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Switch(f.Change("switch"), span, "a1") })
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Errorf("buffered statements: %v", err)
	}
	if got := names(t, f.Admin[0], moving); len(got) != 1 {
		t.Errorf("the old home was written to: %v", got)
	}
	if got := names(t, f.Admin[1], moving); len(got) != len(errs) {
		t.Errorf("the new home has %d of %d buffered rows", len(got), len(errs))
	}
}

func TestAbortSendsTheBufferedToTheOldHome(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	moving, span := f.MemberOn(0, 0), rangeOn(f, 0)
	m := freeze(f, span, "s2", time.Minute)
	eventually(t, "the router acknowledges the freeze", acknowledged(t, f, m.Epoch()))
	done := make(chan error, 1)
	go func() {
		_, err := p.Member(moving).ExecContext(t.Context(), insert, moving.String(), 1, "x")
		done <- err
	}()
	eventually(t, "the statement waits", func() bool { return p.Stat().Buffered == 1 })
	f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Abort(f.Change("abort"), span, "a1") })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := names(t, f.Admin[0], moving); len(got) != 1 {
		t.Errorf("rows on the old home: %v", got)
	}
}

func TestDrainWaitsForAnOpenTransactionOfTheMemberOnly(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	ctx := t.Context()
	moving, neighbour := f.MemberOn(0, 0), f.MemberOn(0, 1)
	begin := func(id shard.Member) *sql.Tx {
		tx, err := p.Member(id).BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, insert, id.String(), 1, "in tx"); err != nil {
			t.Fatal(err)
		}
		return tx
	}
	mine, other := begin(moving), begin(neighbour)
	// The pin comes after the transactions: what is in flight on the range
	// has to be found by the member.
	pin := shard.Span{Pin: moving}
	f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Pin(f.Change("pin"), moving) })
	m := freeze(f, pin, "s2", time.Minute)
	eventually(t, "the router has the freeze", func() bool { return p.Router().Epoch() == m.Epoch() })
	time.Sleep(100 * time.Millisecond) // long enough for a wrong acknowledgement to show
	if acknowledged(t, f, m.Epoch())() {
		t.Fatal("acknowledged with a transaction of the member open")
	}
	if err := mine.Commit(); err != nil {
		t.Fatalf("commit before the drain's deadline: %v", err)
	}
	eventually(t, "the router acknowledges, though a neighbour's transaction is open", acknowledged(t, f, m.Epoch()))
	if err := other.Commit(); err != nil {
		t.Fatalf("commit of the neighbour: %v", err)
	}
	if got := names(t, f.Admin[0], moving); !slices.Equal(got, []string{"in tx"}) {
		t.Errorf("the member's rows: %v", got)
	}
}

func TestDrainEndsWhatDoesNotEndByItself(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	ctx := t.Context()
	m := f.MemberOn(0, 0)
	idle, err := p.Member(m).BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := idle.ExecContext(ctx, insert, m.String(), 1, "idle"); err != nil {
		t.Fatal(err)
	}
	// A busy one: it waits for a row lock that the administrator holds.
	if _, err := f.Admin[0].ExecContext(ctx, insert, m.String(), 2, "locked"); err != nil {
		t.Fatal(err)
	}
	lock, err := f.Admin[0].BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Rollback() //nolint:errcheck // it only holds a lock
	if _, err := lock.ExecContext(ctx, "SELECT * FROM contacts WHERE member_id = ? AND id = 2 FOR UPDATE", m.String()); err != nil {
		t.Fatal(err)
	}
	busy := make(chan error, 1)
	go func() {
		_, err := p.Member(m).ExecContext(ctx, "UPDATE contacts SET name = 'busy' WHERE member_id = ? AND id = 2", m.String())
		busy <- err
	}()
	eventually(t, "the update waits for the lock", func() bool {
		var n int
		if err := f.Admin[0].QueryRowContext(ctx, "SELECT COUNT(*) FROM performance_schema.processlist WHERE db = ? AND info LIKE 'UPDATE contacts%'", f.Shards[0].Database).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 1
	})
	working(t, f.Store) // a worker lives, so that nobody else ends the freeze
	next := freeze(f, rangeOn(f, 0), "s2", 600*time.Millisecond)
	eventually(t, "the router acknowledges", acknowledged(t, f, next.Epoch()))
	if err := <-busy; !errors.Is(err, router.ErrUnknownOutcome) || router.Retryable(err) {
		t.Errorf("the killed write: %v", err)
	}
	if err := idle.Commit(); !errors.Is(err, router.ErrEnded) || !router.Retryable(err) {
		t.Errorf("commit of the transaction that was rolled back: %v", err)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, f.Admin[0], m); !slices.Equal(got, []string{"locked"}) {
		t.Errorf("rows after the drain: %v", got)
	}
}

func TestInTxSurvivesTheMoveOfItsMember(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	working(t, f.Store)
	m, span := f.MemberOn(0, 0), rangeOn(f, 0)
	begun, runs := make(chan struct{}), 0
	done := make(chan error, 1)
	go func() {
		done <- p.Member(m).InTx(t.Context(), nil, func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, insert, m.String(), 1, "x"); err != nil {
				return err
			}
			if runs++; runs == 1 {
				close(begun)
				eventually(t, "the drain has ended the transaction", func() bool { return p.Stat().Servers[0].InFlight == 0 })
			}
			return nil
		})
	}()
	<-begun
	next := freeze(f, span, "s2", 300*time.Millisecond)
	eventually(t, "the router acknowledges", acknowledged(t, f, next.Epoch()))
	f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Switch(f.Change("switch"), span, "a1") })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if runs != 2 || len(names(t, f.Admin[0], m)) != 0 || len(names(t, f.Admin[1], m)) != 1 {
		t.Errorf("%d runs, old home %v, new home %v", runs, names(t, f.Admin[0], m), names(t, f.Admin[1], m))
	}
}

// A router that has not heard of a move is stopped by the fence that its new
// connections read, for the members that moved and no others.
func TestFenceStopsARouterWithAnOldMap(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	store := &deaf{Store: f.Store}
	r := open(t, f, func(c *router.Config) { c.Store = store; c.Buffer.Window = time.Second })
	p := repository(t, r)
	ctx := t.Context()
	moved, still := f.MemberOn(0, 0), f.MemberOn(0, 1)
	f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Pin(f.Change("pin"), moved) })
	pin := shard.Span{Pin: moved}
	next := freeze(f, pin, "s2", time.Minute)
	if err := instance.RaiseFence(ctx, f.Admin[0], pin, next.Epoch(), "test"); err != nil {
		t.Fatal(err)
	}
	f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Switch(f.Change("switch"), pin, "a1") })

	_, err := p.Member(moved).ExecContext(ctx, insert, moved.String(), 1, "late")
	if !errors.Is(err, router.ErrBuffered) || !router.Retryable(err) {
		t.Errorf("a statement by the old map: %v", err)
	}
	if _, err := p.Member(still).ExecContext(ctx, insert, still.String(), 1, "x"); err != nil {
		t.Errorf("a member that did not move: %v", err)
	}
	store.hears.Store(true) // the store can be asked again, the watch still says nothing
	if _, err := p.Member(moved).ExecContext(ctx, insert, moved.String(), 1, "late"); err != nil {
		t.Errorf("once the store answers: %v", err)
	}
	if len(names(t, f.Admin[0], moved)) != 0 || len(names(t, f.Admin[1], moved)) != 1 {
		t.Errorf("old home %v, new home %v", names(t, f.Admin[0], moved), names(t, f.Admin[1], moved))
	}
}

// Statements and transactions of many members run while one of the two ranges
// goes back and forth. Between each acknowledgement and switch nothing may be
// written to the old home, and no statement may fail.
func TestNothingIsWrittenBetweenAcknowledgementAndSwitch(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	span := rangeOn(f, 0)
	var moving, still []shard.Member
	for n := range 20 {
		moving, still = append(moving, f.MemberOn(0, n)), append(still, f.MemberOn(1, n))
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var written [8]int
	for w := range written {
		wg.Go(func() {
			for n := w; ctx.Err() == nil; n += len(written) {
				id, name := moving[n%len(moving)], "moving"
				if n%4 == 0 {
					id, name = still[n%len(still)], "still"
				}
				write := func(ctx context.Context, db router.Execer) error {
					_, err := db.ExecContext(ctx, insert, id.String(), n, name)
					return err
				}
				var err error
				if n%3 == 0 {
					err = p.Member(id).InTx(t.Context(), nil, func(ctx context.Context, tx *sql.Tx) error { return write(ctx, tx) })
				} else {
					err = write(t.Context(), p.Member(id))
				}
				if err != nil {
					t.Errorf("row %d of member %s: %v", n, id, err)
					return
				}
				written[w]++
			}
		})
	}
	count := func(place int) (n int) {
		if err := f.Admin[place].QueryRowContext(t.Context(), "SELECT COUNT(*) FROM contacts WHERE name = 'moving'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	from, to := 0, 1
	for range 15 {
		m := freeze(f, span, []string{"s1", "s2"}[to], time.Minute)
		eventually(t, "the router acknowledges", acknowledged(t, f, m.Epoch()))
		before := count(from)
		time.Sleep(5 * time.Millisecond)
		if after := count(from); after != before {
			t.Errorf("%d rows were written to the old home after the acknowledgement", after-before)
		}
		f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Switch(f.Change("switch"), span, "a1") })
		from, to = to, from
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	wg.Wait()
	total, there := 0, 0
	for _, n := range written {
		total += n
	}
	for _, db := range f.Admin {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM contacts").Scan(&n); err != nil {
			t.Fatal(err)
		}
		there += n
	}
	if total == 0 || there != total {
		t.Errorf("%d rows were acknowledged and %d are there", total, there)
	}
}
