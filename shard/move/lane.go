package move

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/binlog"
)

// item is what a lane gets, one of: a change, the position after a
// transaction, or a marker.
type item struct {
	table         *binlog.Table
	before, after []byte // row images
	member        shard.Member
	since         time.Time // when the transaction was committed

	position string // GTID set that the lane is through with

	barrier chan struct{} // closed once all before it is applied
}

// lane applies the changes of its members in order.
type lane struct {
	tail  *tail
	token *token
	done  binlog.Set // where the lane was when the tail began
	in    chan item

	conn    *sql.Conn
	format  string       // format description that conn's session has
	waiting atomic.Int64 // commit time of the oldest change not applied, as Unix microseconds; 0: none
}

// The most that one transaction of a lane takes.
const (
	laneRows  = 1000
	laneBytes = 4 << 20
)

func (l *lane) send(ctx context.Context, i item) error {
	select {
	case l.in <- i:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// oldest is the commit time of the oldest change that was not applied yet.
func (l *lane) oldest() time.Time {
	if us := l.waiting.Load(); us != 0 {
		return time.UnixMicro(us)
	}
	return time.Time{}
}

func (l *lane) run(ctx context.Context) error {
	defer l.drop()
	var b laneBatch
	for {
		// Wait for something, then take what is there, up to a limit.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case i := <-l.in:
			if err := l.take(ctx, &b, i); err != nil {
				return err
			}
		}
		for more := true; more && b.rows < laneRows && b.bytes < laneBytes && len(b.barriers) == 0; {
			select {
			case i := <-l.in:
				if err := l.take(ctx, &b, i); err != nil {
					return err
				}
			default:
				more = false
			}
		}
		if err := l.flush(ctx, &b); err != nil {
			return err
		}
	}
}

// laneBatch is the next transaction of a lane.
type laneBatch struct {
	changes  []item
	rows     int
	bytes    int
	position string
	barriers []chan struct{}
}

func (l *lane) take(ctx context.Context, b *laneBatch, i item) error {
	switch {
	case i.barrier != nil:
		b.barriers = append(b.barriers, i.barrier)
	case i.table == nil:
		b.position = i.position
	default:
		if l.tail.gate != nil {
			for {
				v, closed := l.tail.gate.judge(i.table.Name, i.member)
				if v == drop {
					return nil
				}
				if v == apply {
					break
				}
				// What is before the change must not wait for the chunk.
				if err := l.flush(ctx, b); err != nil {
					return err
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-closed:
				}
			}
		}
		if l.waiting.Load() == 0 {
			l.waiting.Store(i.since.UnixMicro())
		}
		b.changes = append(b.changes, i)
		b.rows++
		b.bytes += len(i.before) + len(i.after)
	}
	return nil
}

// flush commits the batch, however often the connection breaks.
func (l *lane) flush(ctx context.Context, b *laneBatch) error {
	position := b.position
	if position == "" {
		position = l.token.position // in the middle of a transaction
	}
	if len(b.changes) > 0 || position != l.token.position {
		for tries := 0; ; tries++ {
			err := l.commit(ctx, b, position)
			if err == nil {
				break
			}
			in, err := l.recover(ctx, err, tries)
			if err != nil {
				return err
			}
			if in {
				break
			}
		}
		l.token.committed(position)
		if err := l.tail.fail.at("after-apply"); err != nil {
			return err
		}
	}
	l.tail.applied.Add(int64(len(b.changes)))
	for _, c := range b.barriers {
		close(c)
	}
	l.waiting.Store(0)
	clear(b.changes)
	*b = laneBatch{changes: b.changes[:0]}
	return nil
}

// commit is one transaction on the target: the lane's row, the changes.
func (l *lane) commit(ctx context.Context, b *laneBatch, position string) error {
	if err := l.tail.fail.at("before-apply"); err != nil {
		return err
	}
	if err := l.connect(ctx); err != nil {
		return err
	}
	if err := l.token.begin(ctx, l.conn, position); err != nil {
		return err
	}
	if len(b.changes) > 0 {
		statements, err := l.statements(b.changes)
		if err != nil {
			return err
		}
		for _, s := range statements {
			if _, err := l.conn.ExecContext(ctx, s); err != nil {
				return err
			}
		}
	}
	_, err := l.conn.ExecContext(ctx, "COMMIT")
	l.tail.statements.Add(int64(4 + len(b.changes)/100))
	return err
}

// statements are the changes as the target's applier takes them. A row that is
// there is replaced and one that is gone is no error, so a change may come
// twice.
func (l *lane) statements(changes []item) ([]string, error) {
	t := l.tail
	batch, err := binlog.NewBatch(t.formatDescription(), t.packet)
	if err != nil {
		return nil, err
	}
	database := t.target.shard.Database
	for _, c := range changes {
		table := t.tables[c.table.Name]
		if c.before != nil && (c.after == nil || !c.table.Same(c.before, c.after, table.KeyIndexes())) {
			if err := batch.Delete(c.table, database, c.before); err != nil {
				return nil, err
			}
		}
		if c.after != nil {
			if err := batch.Write(c.table, database, c.after); err != nil {
				return nil, err
			}
		}
	}
	return batch.Statements(), nil
}

// connect makes the lane's session fit for the source's row images.
func (l *lane) connect(ctx context.Context) error {
	format := l.tail.formatDescription()
	if l.conn != nil && l.format == string(format) {
		return nil
	}
	l.drop()
	conn, err := l.tail.target.db.Conn(ctx)
	if err != nil {
		return err
	}
	l.conn = conn
	if len(format) > 0 {
		statements, err := binlog.NewSession(format, binlog.Idempotent)
		if err != nil {
			return err
		}
		for _, s := range statements {
			if _, err := l.conn.ExecContext(ctx, s); err != nil {
				return err
			}
		}
	}
	l.format = string(format)
	return nil
}

// recover decides what to do after a transaction that failed. It reports true
// when the transaction turns out to be in.
func (l *lane) recover(ctx context.Context, cause error, tries int) (in bool, err error) {
	l.drop()
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(cause, errSuperseded):
		// Perhaps it is our own: an answer was lost and the row went on.
	case instance.IsServerError(cause) && !instance.IsRollback(cause) && !instance.IsLockWaitTimeout(cause) &&
		!instance.IsKilled(cause) && !instance.IsShutdown(cause) && tries >= 3:
		return false, stop("the rows of %s can't be applied on %s: %w; see what was changed there, or %s", l.tail.source.shard.Name, l.tail.target.shard.Primary.Address, cause, l.tail.giveUp)
	}
	seq := l.token.seq
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		t := *l.token
		err := t.reload(ctx, l.tail.target.db)
		switch {
		case errors.Is(err, errSuperseded):
			return false, err
		case err == nil && t.seq == seq+1:
			return true, nil
		case err == nil && t.seq == seq && errors.Is(cause, errSuperseded) && tries > 0:
			return false, cause
		case err == nil && t.seq == seq:
			return false, pauseFor(ctx, wait)
		case err == nil:
			return false, fmt.Errorf("%w: lane %s is at transaction %d, not %d", errSuperseded, l.token.lane, t.seq, seq)
		}
		if tries == 0 {
			l.tail.log.Warn("a lane of the mover lost its server; it is tried again", "server", l.tail.target.shard.Primary.Address, "err", cause)
			tries++
		}
		if err := pauseFor(ctx, wait); err != nil {
			return false, err
		}
	}
}

func pauseFor(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// drop ends the lane's session, with whatever transaction is open on it.
func (l *lane) drop() {
	if l.conn == nil {
		return
	}
	discard(l.conn)
	l.conn, l.format = nil, ""
}

// discard closes a connection instead of giving it back to its pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}
