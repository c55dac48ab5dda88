package move

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/binlog"
	"github.com/berthdb/berth/shard/move/rows"
)

// laneCount is how many members' changes are applied side by side.
const laneCount = 8

// tail reads one server's binlog and applies the rows of the span to the
// other, each member's in order. Its lanes' rows on the target say how far it
// is. It runs until its context ends or something is wrong.
type tail struct {
	source, target *server
	job            string
	giveUp         string // what is left to do when it can't go on, for people
	generation     uint64
	tables         map[string]rows.Table // of the source, by name
	belongs        func(shard.Member) bool
	memberType     shard.MemberType
	gate           *gate // nil: all is copied
	fail           *failpoints
	log            *slog.Logger
	// statement is asked about every statement in the binlog that is no
	// row change; an error stops the tail before the statement.
	statement func(ctx context.Context, s binlog.Statement) error

	lanes  []*lane
	packet int // the longest statement that the target takes

	mu       sync.Mutex
	received binlog.Set   // transactions given to the lanes completely
	current  *binlog.GTID // of the one being given to them
	format   []byte       // the source's format description, for the lanes' sessions
	moved    chan struct{}
	reading  time.Time // commit time of the last transaction received
	applied  atomic.Int64

	statements atomic.Int64 // that the lanes have run on the target
}

// appliedRows is how many row changes have been applied since it was made.
func (t *tail) appliedRows() int64 { return t.applied.Load() }

// prepare makes the lanes' rows where they are missing, at the start position,
// and reads them.
func (t *tail) prepare(ctx context.Context, direction, start string) error {
	t.moved = make(chan struct{})
	if err := t.target.db.QueryRowContext(ctx, "SELECT @@GLOBAL.max_allowed_packet").Scan(&t.packet); err != nil {
		return err
	}
	t.packet = min(t.packet, 64<<20) - 1<<10 // 64 MiB is what the connection takes, too
	for i := range laneCount {
		tok, err := loadToken(ctx, t.target.db, t.job, fmt.Sprintf("%s-%d", direction, i), t.generation, start)
		if err != nil {
			return err
		}
		done, err := binlog.ParseSet(tok.position)
		if err != nil {
			return fmt.Errorf("lane %s of job %s: %w", tok.lane, t.job, err)
		}
		l := &lane{tail: t, token: tok, done: done, in: make(chan item, 4096)}
		t.lanes = append(t.lanes, l)
		if i == 0 {
			t.received = done.Clone()
		}
		t.received = t.received.Intersect(done)
	}
	return nil
}

// run reads and applies until ctx ends.
func (t *tail) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, l := range t.lanes {
		g.Go(func() error { return l.run(ctx) })
	}
	g.Go(func() error { return t.read(ctx) })
	return g.Wait()
}

// read follows the binlog, also over lost connections.
func (t *tail) read(ctx context.Context) error {
	for lost := (time.Time{}); ; {
		err := t.stream(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, binlog.ErrPurged) {
			return fmt.Errorf("%w: %w; keep them longer (SET PERSIST binlog_expire_logs_seconds = …), then %s", errFailed, err, t.giveUp)
		}
		var stop *stopError
		if errors.As(err, &stop) || errors.Is(err, errSuperseded) || errors.Is(err, errAgain) {
			return err
		}
		if lost.IsZero() || time.Since(lost) > 5*time.Second {
			t.log.Warn("the binlog's connection was lost; it is opened again", "server", t.source.shard.Primary.Address, "err", err)
			lost = time.Now()
		}
		if err := pauseFor(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// stopError is a reason for a job to stand still until somebody has looked.
type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }
func (e *stopError) Unwrap() error { return e.err }

func stop(format string, args ...any) error { return &stopError{err: fmt.Errorf(format, args...)} }

func (t *tail) stream(ctx context.Context) error {
	t.mu.Lock()
	after := t.received.Clone()
	t.current = nil
	t.mu.Unlock()
	s, err := binlog.Open(ctx, binlog.Config{
		Address: t.source.cfg.Address, User: t.source.cfg.User, Password: t.source.cfg.Password, TLS: t.source.cfg.TLS, Logger: t.log,
	}, after)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	d := &dealer{tail: t, touched: map[*lane]bool{}}
	for {
		event, err := s.Next(ctx)
		if err != nil {
			return err
		}
		if err := d.take(ctx, event, s); err != nil {
			return err
		}
	}
}

// dealer gives the events of one connection to the lanes.
type dealer struct {
	tail    *tail
	gtid    binlog.GTID
	first   bool // no row event of the transaction was seen yet
	own     bool // the transaction is a mover's
	touched map[*lane]bool
	since   time.Time
	told    time.Time // when all lanes last heard a position
}

func (d *dealer) take(ctx context.Context, event binlog.Event, s *binlog.Stream) error {
	t := d.tail
	switch e := event.(type) {
	case binlog.Begin:
		d.gtid, d.first, d.own, d.since = e.GTID, true, false, e.CommittedAt
		clear(d.touched)
		t.mu.Lock()
		t.current, t.format = &e.GTID, s.Format()
		t.mu.Unlock()
	case binlog.Rows:
		if d.first {
			d.first = false
			d.own = e.Table.Database == "_berth" && e.Table.Name == originTable && !originMark.off()
		}
		if !d.own {
			return d.rows(ctx, e)
		}
	case binlog.Statement:
		return t.statement(ctx, e)
	case binlog.Unsupported:
		if _, moved := t.tables[e.Table]; e.Table == "" || (moved && e.Database == t.source.shard.Database) {
			return stop("transaction %s in the binlog of %s can't be carried over: %s; %s; then %s", d.gtid, t.source.shard.Primary.Address, e.Reason, e.Next, t.giveUp)
		}
	case binlog.Commit:
		return d.commit(ctx)
	}
	return nil
}

func (d *dealer) rows(ctx context.Context, e binlog.Rows) error {
	t := d.tail
	if e.Table.Database != t.source.shard.Database {
		return nil
	}
	table, ok := t.tables[e.Table.Name]
	if !ok {
		return nil
	}
	at := table.Index(table.Member)
	unsigned := table.Columns[at].Unsigned
	for i := range max(len(e.Before), len(e.After)) {
		var c item
		c.table, c.since = e.Table, d.since
		var before, after shard.Member
		var err error
		if len(e.Before) > 0 {
			c.before = e.Before[i]
			if before, err = e.Table.Member(c.before, at, unsigned, t.memberType); err != nil {
				return stop("table %s in the binlog of %s: %w", e.Table.Name, t.source.shard.Primary.Address, err)
			}
		}
		if len(e.After) > 0 {
			c.after = e.After[i]
			if after, err = e.Table.Member(c.after, at, unsigned, t.memberType); err != nil {
				return stop("table %s in the binlog of %s: %w", e.Table.Name, t.source.shard.Primary.Address, err)
			}
		}
		if c.before != nil && c.after != nil && before != after {
			// The row went from one member to another: each side is its member's.
			gone := c
			gone.after = nil
			if err := d.deal(ctx, before, gone); err != nil {
				return err
			}
			c.before = nil
		}
		m := after
		if c.after == nil {
			m = before
		}
		if err := d.deal(ctx, m, c); err != nil {
			return err
		}
	}
	return nil
}

func (d *dealer) deal(ctx context.Context, m shard.Member, c item) error {
	t := d.tail
	if !t.belongs(m) {
		return nil
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(m.String()))
	l := t.lanes[h.Sum32()%laneCount]
	if l.done.Has(d.gtid) {
		return nil // the lane was through with it before the worker changed
	}
	c.member = m
	d.touched[l] = true
	return l.send(ctx, c)
}

// positionEvery is how often lanes without changes hear how far the stream is.
const positionEvery = 3 * time.Second

func (d *dealer) commit(ctx context.Context) error {
	t := d.tail
	t.mu.Lock()
	t.received.Add(d.gtid)
	t.current, t.reading = nil, d.since
	position := ""
	all := time.Since(d.told) > positionEvery
	if all || len(d.touched) > 0 {
		position = t.received.String()
	}
	close(t.moved)
	t.moved = make(chan struct{})
	t.mu.Unlock()
	if all {
		d.told = time.Now()
	}
	for _, l := range t.lanes {
		if all || d.touched[l] {
			if err := l.send(ctx, item{position: position}); err != nil {
				return err
			}
		}
	}
	return nil
}

// seen is every transaction of which something has been given to the lanes.
func (t *tail) seen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.received.Clone()
	if t.current != nil {
		s.Add(*t.current)
	}
	return s.String()
}

// complete is every transaction of which all has been given to the lanes.
func (t *tail) complete() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.received.String()
}

// through returns once all transactions of the set have been applied.
func (t *tail) through(ctx context.Context, set string) error {
	want, err := binlog.ParseSet(set)
	if err != nil {
		return err
	}
	for {
		t.mu.Lock()
		arrived, moved := t.received.Contains(want), t.moved
		t.mu.Unlock()
		if arrived {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the binlog of %s has not arrived up to %s: %w", t.source.shard.Primary.Address, set, context.Cause(ctx))
		case <-moved:
		}
	}
	// The markers come after the position item of the transaction: commit sends
	// that after received has grown, so a marker could overtake it, but not the
	// changes, which is what counts.
	var waits []chan struct{}
	for _, l := range t.lanes {
		c := make(chan struct{})
		if err := l.send(ctx, item{barrier: c}); err != nil {
			return err
		}
		waits = append(waits, c)
	}
	for _, c := range waits {
		select {
		case <-ctx.Done():
			return fmt.Errorf("applying up to %s on %s: %w", set, t.target.shard.Primary.Address, context.Cause(ctx))
		case <-c:
		}
	}
	return nil
}

// lag is how old the oldest change is that is known and not applied.
func (t *tail) lag(ctx context.Context) (time.Duration, error) {
	done, err := executed(ctx, t.source.db)
	if err != nil {
		return 0, err
	}
	want, err := binlog.ParseSet(done)
	if err != nil {
		return 0, err
	}
	var oldest time.Time
	t.mu.Lock()
	if !t.received.Contains(want) {
		oldest = t.reading
	}
	t.mu.Unlock()
	for _, l := range t.lanes {
		if at := l.oldest(); !at.IsZero() && (oldest.IsZero() || at.Before(oldest)) {
			oldest = at
		}
	}
	if oldest.IsZero() {
		return 0, nil
	}
	return max(0, time.Since(oldest)), nil
}

// formatDescription is the source's, of the last connection.
func (t *tail) formatDescription() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.format
}

// waitVisible waits until the source itself shows every transaction of the
// set: the binlog gives one out a moment before it can be read.
func waitVisible(ctx context.Context, db instance.DB, set string) error {
	if set == "" {
		return nil
	}
	for {
		var late int
		if err := db.QueryRowContext(ctx, "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 5)", set).Scan(&late); err != nil {
			return err
		}
		if late == 0 {
			return nil
		}
	}
}
