package move

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/binlog"
	"github.com/berthdb/berth/shard/move/rows"
	"github.com/berthdb/berth/tools/testfleet"
)

// pair is two shards with the parts of the mover around them, one by one.
type pair struct {
	*testfleet.Fleet
	t    testing.TB
	a, b *server
	r    *run
}

func newPair(t testing.TB) *pair {
	t.Helper()
	f := testfleet.New(t, testfleet.Options{Shards: 2, Servers: 2})
	cfg, err := Config{Store: f.Store, Instance: instance.Config{
		User: f.Shards[0].AdminUser, Password: instance.Literal(f.Shards[0].AdminPassword),
	}}.check()
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWorker(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{Fleet: f, t: t, r: &run{worker: w, id: "job", log: cfg.Logger, span: f.Map().Entry(0).Span, pins: map[shard.Member]bool{}}}
	for i, to := range []**server{&p.a, &p.b} {
		if *to, err = cfg.open(f.Map(), fmt.Sprintf("s%d", i+1), "test"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup((*to).close)
		p.must(makeTables(t.Context(), (*to).db))
	}
	p.r.from, p.r.to = p.a, p.b
	if p.r.tables, err = rows.Inspect(t.Context(), p.a.db, sharded(f.Map())); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pair) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) claim(s *server) uint64 {
	p.t.Helper()
	g, err := claim(p.t.Context(), s.db, p.r.id, p.r.span, "test", false)
	p.must(err)
	return g
}

func (p *pair) conn(s *server) *sql.Conn {
	p.t.Helper()
	conn, err := s.db.Conn(p.t.Context())
	p.must(err)
	p.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// name of the contact 1 of a member on a server.
func (p *pair) name(s *server, m shard.Member) (name string) {
	p.t.Helper()
	err := s.db.QueryRowContext(p.t.Context(), "SELECT name FROM contacts WHERE member_id = ? AND id = 1", m.String()).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return ""
	}
	p.must(err)
	return name
}

// An applier with rows in hand is stopped; another worker takes the job up and
// applies newer ones. The old applier wakes up, and writes nothing.
func TestOldApplierIsShutOut(t *testing.T) {
	p := newPair(t)
	m := p.MemberOn(0, 0)
	ctx := t.Context()
	write := func(tok *token, value string) error {
		conn := p.conn(p.b)
		if err := tok.begin(ctx, conn, value); err != nil {
			discard(conn)
			return err
		}
		if _, err := conn.ExecContext(ctx, "REPLACE INTO contacts VALUES (?, 1, ?)", m.String(), value); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, "COMMIT")
		return err
	}
	old, err := loadToken(ctx, p.b.db, "job", "forward-0", p.claim(p.b), "start")
	p.must(err)
	p.must(write(old, "first"))
	old.committed("first")
	newer, err := loadToken(ctx, p.b.db, "job", "forward-0", p.claim(p.b), "start")
	p.must(err)
	if newer.position != "first" {
		t.Fatalf("the new worker begins at %q", newer.position)
	}
	p.must(write(newer, "newest"))
	if err := write(old, "in hand"); !errors.Is(err, errSuperseded) {
		t.Errorf("the old applier: %v", err)
	}
	if got := p.name(p.b, m); got != "newest" {
		t.Errorf("the row is %q", got)
	}
	// The same worker, twice at once: the row's number tells them apart.
	twin := *newer
	newer.committed("newest")
	p.must(write(newer, "third"))
	if err := write(&twin, "second"); !errors.Is(err, errSuperseded) {
		t.Errorf("a twin: %v", err)
	}
}

// A taking over waits for the transaction of the worker before that is under
// way.
func TestClaimWaitsForTheLastTransaction(t *testing.T) {
	p := newPair(t)
	ctx := t.Context()
	tok, err := loadToken(ctx, p.b.db, "job", "forward-0", p.claim(p.b), "")
	p.must(err)
	conn := p.conn(p.b)
	p.must(tok.begin(ctx, conn, "last"))
	taken := make(chan error, 1)
	go func() {
		_, err := claim(ctx, p.b.db, "job", p.r.span, "other", false)
		taken <- err
	}()
	select {
	case err := <-taken:
		t.Fatalf("taken over while a transaction was open: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	p.must(err)
	p.must(<-taken)
	p.must(p.b.db.QueryRowContext(ctx, "SELECT position FROM _berth.move_lanes WHERE database_name = DATABASE() AND job = 'job'").Scan(&tok.position))
	if tok.position != "last" {
		t.Errorf("the last transaction is lost: %q", tok.position)
	}
}

// A cleaner is stopped with members in hand, the job ends without it, and the
// members come back. It wakes up, and deletes nothing.
func TestOldCleanerIsShutOut(t *testing.T) {
	p := newPair(t)
	m := p.MemberOn(0, 0)
	ctx := t.Context()
	tok, err := loadToken(ctx, p.a.db, "job", "clean", p.claim(p.a), "")
	p.must(err)
	_, err = p.a.db.ExecContext(ctx, "INSERT INTO contacts VALUES (?, 1, 'came back')", m.String())
	p.must(err)
	p.must(forget(ctx, p.a.db, "job"))
	if _, _, err := p.r.removeSome(ctx, p.a, tok, p.r.tables[0], []shard.Member{m}); !errors.Is(err, errSuperseded) {
		t.Errorf("the old cleaner: %v", err)
	}
	if got := p.name(p.a, m); got != "came back" {
		t.Errorf("the live copy is gone: %q", got)
	}
}

// A job whose target was another job's source ends that one's generation, so
// that what it still meant to delete stays.
func TestTargetEndsOlderJobs(t *testing.T) {
	p := newPair(t)
	ctx := t.Context()
	tok, err := loadToken(ctx, p.a.db, "job", "clean", p.claim(p.a), "")
	p.must(err)
	_, err = claim(ctx, p.a.db, "next", shard.Span{Pin: p.MemberOn(0, 3)}, "test", true)
	p.must(err)
	if err := tok.begin(ctx, p.conn(p.a), ""); !errors.Is(err, errSuperseded) {
		t.Errorf("the older job: %v", err)
	}
}

// The stream that brought the rows here is left running beside the one that
// goes back. What a mover wrote is not carried on, so nothing goes round.
func TestBothStreamsAtOnce(t *testing.T) {
	p := newPair(t)
	m := p.MemberOn(0, 0)
	genA, genB := p.claim(p.a), p.claim(p.b)
	startA, err := executed(t.Context(), p.a.db)
	p.must(err)
	startB, err := executed(t.Context(), p.b.db)
	p.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	forward, back := p.tail(p.a, p.b, genB), p.tail(p.b, p.a, genA)
	p.must(forward.prepare(ctx, "forward", startA))
	p.must(back.prepare(ctx, "back", startB))
	done := make(chan error, 2)
	go func() { done <- forward.run(ctx) }()
	go func() { done <- back.run(ctx) }()
	defer func() {
		cancel()
		for range 2 {
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("a stream ended with %v", err)
			}
		}
	}()

	// A client writes on B, as after the switch.
	const last = 300
	for i := range last + 1 {
		_, err := p.b.db.ExecContext(ctx, "REPLACE INTO contacts VALUES (?, 1, ?)", m.String(), fmt.Sprint(i))
		p.must(err)
		if got := p.name(p.b, m); got != fmt.Sprint(i) {
			t.Fatalf("after writing %d the new owner has %s: an old write came round", i, got)
		}
	}
	set, err := executed(ctx, p.b.db)
	p.must(err)
	p.must(back.through(ctx, set))
	if got := p.name(p.a, m); got != fmt.Sprint(last) {
		t.Errorf("the old owner has %q after %d", got, last)
	}
}

func (p *pair) tail(source, target *server, generation uint64) *tail {
	t := p.r.newTail(source, target, generation, nil)
	t.statement = func(context.Context, binlog.Statement) error { return nil }
	t.log = slog.New(slog.DiscardHandler)
	return t
}
