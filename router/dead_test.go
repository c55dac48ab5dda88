package router_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

// Two shards on servers of their own; the first dies, the second must not
// notice, and the first is used again by itself once it is back.
func TestDeadPrimaryTripsItsBreakerAndComesBack(t *testing.T) {
	// Durable, because a server that is killed must come back with its identity.
	dead, alive := testcluster.OwnMySQL(t, mysqld.Options{Durable: true}), testcluster.OwnMySQL(t, mysqld.Options{})
	f := testfleet.New(t, testfleet.Options{On: []*mysqld.Server{dead, alive}})
	p := repository(t, open(t, f))
	ctx := t.Context()
	lost, kept := f.MemberOn(0, 0), f.MemberOn(1, 0)
	read := func(id shard.Member) error {
		return p.Member(id).QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts WHERE member_id = ?", id.String()).Scan(new(int))
	}
	for _, id := range []shard.Member{lost, kept} {
		if err := read(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := dead.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := read(lost); !errors.Is(err, router.ErrUnavailable) || !router.Retryable(err) {
		t.Errorf("a read of the dead shard: %v", err)
	}
	eventually(t, "the breaker opens", func() bool { return p.Stat().Servers[0].Breaker == "open" })
	if err := read(kept); err != nil {
		t.Errorf("the other shard: %v", err)
	}
	if p.Stat().Servers[1].Breaker != "closed" {
		t.Errorf("the other shard's breaker is %s", p.Stat().Servers[1].Breaker)
	}
	if err := dead.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	var last error
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the last read of the shard: %v; %+v", last, p.Stat().Servers[0])
		}
	})
	eventually(t, "the shard is used again", func() bool { last = read(lost); return last == nil })
	if p.Stat().Servers[0].Breaker != "closed" {
		t.Errorf("the breaker is %s after the shard came back", p.Stat().Servers[0].Breaker)
	}
}

func TestCallersOwnErrorsDoNotTripTheBreaker(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	m := f.MemberOn(0, 0)
	for range 20 {
		if _, err := p.Member(m).ExecContext(t.Context(), "INSERT INTO contacts (member_id, nope) VALUES (?, 1)", m.String()); err == nil {
			t.Fatal("a column that is not there was written")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		err := p.Member(m).QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts WHERE member_id = ?", m.String()).Scan(new(int))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a deadline of the caller's came back as %v", err)
		}
	}
	if got := p.Stat().Servers[0].Breaker; got != "closed" {
		t.Errorf("the breaker is %s", got)
	}
}

// A server that accepts connections and then says nothing.
func TestHungPrimaryTripsItsBreaker(t *testing.T) {
	hung := testcluster.OwnMySQL(t, mysqld.Options{})
	f := testfleet.New(t, testfleet.Options{Shards: 1, On: []*mysqld.Server{hung}})
	p := repository(t, open(t, f))
	m := f.MemberOn(0, 0)
	read := func(limit time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		return p.Member(m).QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts WHERE member_id = ?", m.String()).Scan(new(int))
	}
	if err := read(time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := hung.Freeze(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a read of the hung shard takes too long", func() bool { return errors.Is(read(50*time.Millisecond), context.DeadlineExceeded) })
	eventually(t, "the breaker opens", func() bool { return p.Stat().Servers[0].Breaker == "open" })
	if err := read(time.Minute); !errors.Is(err, router.ErrUnavailable) {
		t.Errorf("with the breaker open: %v", err)
	}
	if err := hung.Thaw(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the shard is used again", func() bool { return read(time.Minute) == nil })
	eventually(t, "the sessions that were given up are gone", func() bool { return p.Stat().Servers[0].Orphans == 0 })
}

// Writers insert rows with unique ids while their server is killed and started
// again. What was acknowledged is there, what was said to be retryable was
// tried again by the writer and is there once, and only what was reported as
// unknown may or may not be there.
func TestCrashLosesNothingAcknowledgedAndDoublesNothing(t *testing.T) {
	server := testcluster.OwnMySQL(t, mysqld.Options{Durable: true})
	f := testfleet.New(t, testfleet.Options{Shards: 1, On: []*mysqld.Server{server}})
	p := repository(t, open(t, f))
	m := f.MemberOn(0, 0)
	var stop atomic.Bool
	var wg sync.WaitGroup
	acknowledged := make([]map[int]bool, 8)
	unknown := make([]map[int]bool, 8)
	for w := range acknowledged {
		acknowledged[w], unknown[w] = map[int]bool{}, map[int]bool{}
		wg.Go(func() {
			for n := w; !stop.Load(); n += len(acknowledged) {
				for {
					_, err := p.Member(m).ExecContext(t.Context(), insert, m.String(), n, "x")
					if err == nil {
						acknowledged[w][n] = true
						break
					}
					if errors.Is(err, router.ErrUnknownOutcome) {
						unknown[w][n] = true
						break
					}
					if !router.Retryable(err) {
						t.Errorf("row %d: %v", n, err)
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	for range 3 {
		time.Sleep(300 * time.Millisecond)
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond)
	stop.Store(true)
	wg.Wait()
	rows, err := f.Admin[0].QueryContext(t.Context(), "SELECT id FROM contacts")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	there := map[int]bool{}
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		there[id] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	total, doubtful := 0, 0
	for w := range acknowledged {
		for n := range acknowledged[w] {
			total++
			if !there[n] {
				t.Errorf("row %d was acknowledged and is lost", n)
			}
		}
		for n := range unknown[w] {
			doubtful++
			delete(there, n)
		}
	}
	if len(there) != total {
		t.Errorf("%d rows are there and %d were acknowledged", len(there), total)
	}
	if total == 0 {
		t.Error("nothing was written")
	}
	t.Logf("%d rows acknowledged, %d outcomes unknown", total, doubtful)
}
