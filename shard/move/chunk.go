package move

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/rows"
)

// copyWorker has the sessions that chunks are read and written with.
type copyWorker struct {
	*copier
	token    *token
	from, to *sql.Conn
	source   *rows.Source
	target   *rows.Target
	owed     int64 // rows that were written and not told to the throttle yet
}

func (w *copyWorker) close() {
	for _, conn := range []*sql.Conn{w.from, w.to} {
		if conn != nil {
			discard(conn)
		}
	}
	w.from, w.to = nil, nil
}

// connect opens the sessions, pinned so that values pass as they are.
func (w *copyWorker) connect(ctx context.Context) (err error) {
	if w.from == nil {
		if w.from, err = w.run.from.db.Conn(ctx); err != nil {
			return err
		}
		if w.source, err = rows.NewSource(ctx, w.from); err != nil {
			return err
		}
	}
	if w.to == nil {
		if w.to, err = w.run.to.db.Conn(ctx); err != nil {
			return err
		}
		if w.target, err = rows.NewTarget(ctx, w.to, rows.Fastest); err != nil {
			return err
		}
	}
	return nil
}

// chunk copies one chunk. Its members' changes wait from before it is read
// until it is written.
func (w *copyWorker) chunk(ctx context.Context, p partChunk) (err error) {
	// A set rate is waited for while no chunk is open, for the chunk before.
	if err := w.pay(ctx); err != nil {
		return err
	}
	if err := w.connect(ctx); err != nil {
		return err
	}
	w.run.asks.Add(12)
	if p.open == nil {
		p.open = w.gate.begin(p.table.Name, p.interval)
	}
	done := false
	defer func() { w.gate.end(p.table.Name, p.open, done) }()
	if err := waitVisible(ctx, w.from, w.tail.seen()); err != nil {
		return err
	}
	if err := w.run.fail.at("before-chunk"); err != nil {
		return err
	}
	members, err := w.inside(ctx, p.chunk)
	if err != nil {
		return err
	}
	if p.heavy.IsZero() {
		err = w.whole(ctx, p, members)
	} else {
		err = w.parts(ctx, p, members)
	}
	done = err == nil
	if err == nil {
		err = w.run.fail.at("after-chunk")
	}
	return err
}

// inside are the members of the span that have rows in the chunk.
func (w *copyWorker) inside(ctx context.Context, c chunk) (list []shard.Member, err error) {
	if w.run.span.IsPin() {
		return []shard.Member{w.run.span.Pin}, nil
	}
	size := c.page
	if size == 0 {
		size = memberPage
	}
	for low := c.low; ; {
		page, next, err := w.run.someMembers(ctx, w.run.from, c.table, low, size)
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			if !c.high.IsZero() && w.less(c.high, m) {
				return list, nil
			}
			list = append(list, m)
		}
		if next.IsZero() || !c.high.IsZero() && !w.less(next, c.high) {
			return list, nil
		}
		low = next
	}
}

// whole writes the chunk in one transaction.
func (w *copyWorker) whole(ctx context.Context, p partChunk, members []shard.Member) error {
	return w.transaction(ctx, p, sql.NullString{}, func() (n rows.Copied, err error) {
		if len(members) == 0 {
			return n, nil
		}
		return p.table.Copy(ctx, w.source, w.target, rows.Part{Members: members})
	})
}

// parts writes a chunk whose last member has very many rows: the others first,
// then that one part by part. All parts are read in one snapshot, or a value
// of a unique key that went from one row to another would be met twice. A
// worker that goes on where another one died has no such snapshot, so when the
// rest does not fit it begins anew.
func (w *copyWorker) parts(ctx context.Context, p partChunk, members []shard.Member) error {
	others := members[:0:0]
	for _, m := range members {
		if m != p.heavy {
			others = append(others, m)
		}
	}
	if p.after == "" {
		if p.begun { // a worker died while it removed what did not fit
			if err := w.wipe(ctx, p); err != nil {
				return err
			}
		}
		return w.heavy(ctx, p, others)
	}
	// The others were written with the first part, by the worker before; who
	// has come since is not known, so all are written anew.
	if err := w.again(ctx, p, others); err != nil {
		return err
	}
	err := w.heavy(ctx, p, nil)
	if err == nil || ctx.Err() != nil || errors.Is(err, errSuperseded) || transient(err) {
		return err
	}
	w.run.log.Info("the rest of a member does not fit what was copied before; it is copied anew", "member", p.heavy.String(), "err", err)
	p.after = ""
	if err := w.wipe(ctx, p); err != nil {
		return err
	}
	return w.heavy(ctx, p, others)
}

// heavy writes the others and then, from p.after on, the parts of the heavy
// member.
func (w *copyWorker) heavy(ctx context.Context, p partChunk, others []shard.Member) error {
	if err := w.snapshot(ctx); err != nil {
		return err
	}
	after := p.after
	for more := true; more; {
		var last rows.Position
		err := w.transactionOf(ctx, p, func() (rows.Copied, sql.NullString, error) {
			var sum rows.Copied
			var state sql.NullString
			if len(others) > 0 {
				n, err := p.table.Copy(ctx, w.source, w.target, rows.Part{Members: others})
				if err != nil {
					return n, state, err
				}
				sum = n
			}
			n, err := p.table.Copy(ctx, w.source, w.target, rows.Part{Members: []shard.Member{p.heavy}, Limit: int(w.chunkRows), After: after})
			if err != nil {
				return n, state, err
			}
			sum.Rows, sum.Bytes = sum.Rows+n.Rows, sum.Bytes+n.Bytes
			if last, more = n.Last, n.More; more {
				state = sql.NullString{String: string(last), Valid: true}
			}
			return sum, state, nil
		})
		if err != nil {
			return err
		}
		after, others = last, nil
		if err := w.run.fail.at("after-part"); err != nil {
			return err
		}
		if err := w.pay(ctx); err != nil {
			return err
		}
	}
	_, err := w.from.ExecContext(ctx, "COMMIT")
	return err
}

// snapshot makes all that is read from here to COMMIT of one moment.
func (w *copyWorker) snapshot(ctx context.Context) error {
	if err := w.connect(ctx); err != nil {
		return err
	}
	if _, err := w.from.ExecContext(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return err
	}
	_, err := w.from.ExecContext(ctx, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
	return err
}

// wipe removes what the target has of the chunk.
func (w *copyWorker) wipe(ctx context.Context, p partChunk) error {
	members, err := w.inside(ctx, p.chunk)
	if err != nil {
		return err
	}
	if !slices.Contains(members, p.heavy) {
		members = append(members, p.heavy)
	}
	for more := true; more; {
		err := w.transactionOf(ctx, p, func() (n rows.Copied, after sql.NullString, err error) {
			gone, left, err := p.table.Delete(ctx, w.to, members, int(w.chunkRows))
			more = left
			return rows.Copied{Rows: -gone}, sql.NullString{Valid: true}, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// again replaces the rows of members that may be there.
func (w *copyWorker) again(ctx context.Context, p partChunk, members []shard.Member) error {
	if len(members) == 0 {
		return nil
	}
	return w.transaction(ctx, p, sql.NullString{String: string(p.after), Valid: true}, func() (n rows.Copied, err error) {
		for more := true; more; {
			if _, more, err = p.table.Delete(ctx, w.to, members, int(w.chunkRows)); err != nil {
				return n, err
			}
		}
		n, err = p.table.Copy(ctx, w.source, w.target, rows.Part{Members: members})
		n.Rows, n.Bytes = 0, 0 // counted already
		return n, err
	})
}

func (w *copyWorker) transaction(ctx context.Context, p partChunk, after sql.NullString, copy func() (rows.Copied, error)) error {
	return w.transactionOf(ctx, p, func() (rows.Copied, sql.NullString, error) {
		n, err := copy()
		return n, after, err
	})
}

// transactionOf is one transaction on the target: the worker's lane, the rows,
// the chunk's record. It is tried again when the server has undone it or the
// connection broke, after a look at whether it is in. The copy function may
// run several times.
func (w *copyWorker) transactionOf(ctx context.Context, p partChunk, copy func() (rows.Copied, sql.NullString, error)) error {
	for tries := 0; ; tries++ {
		seq := w.token.seq
		n, err := w.once(ctx, p, copy)
		if err != nil {
			w.close()
			if tries >= 5 || ctx.Err() != nil || !transient(err) {
				return err
			}
			if rerr := w.token.reload(ctx, w.run.to.db); rerr != nil {
				return errors.Join(err, rerr)
			}
			if w.token.seq == seq {
				if err := pauseFor(ctx, time.Duration(tries+1)*50*time.Millisecond); err != nil {
					return err
				}
				continue
			}
		} else {
			w.token.committed("")
		}
		w.run.count(func(c *counters) { c.rowsCopied, c.bytesCopied = c.rowsCopied+n.Rows, c.bytesCopied+n.Bytes })
		w.owed += n.Rows
		return nil
	}
}

// pay waits for whatever holds copying, and for the set rate to allow the rows
// that were written.
func (w *copyWorker) pay(ctx context.Context) error {
	owed := w.owed
	w.owed = 0
	if err := w.run.throttle.spent(ctx, owed); err != nil {
		return err
	}
	return w.run.throttle.wait(ctx)
}

// transient reports whether the same transaction may pass another time.
func transient(err error) bool {
	return instance.IsRollback(err) || instance.IsLockWaitTimeout(err) || instance.IsConnectionLost(err) || instance.IsKilled(err)
}

func (w *copyWorker) once(ctx context.Context, p partChunk, copy func() (rows.Copied, sql.NullString, error)) (n rows.Copied, err error) {
	if err := w.connect(ctx); err != nil {
		return n, err
	}
	if err := w.token.begin(ctx, w.to, ""); err != nil {
		return n, err
	}
	n, after, err := copy()
	if err != nil {
		return n, err
	}
	if err := w.run.fail.at("before-record-chunk"); err != nil {
		return n, err
	}
	record := savedChunk{table: p.table.Name, low: p.low.String(), high: p.high.String(), after: after, rows: n.Rows, bytes: n.Bytes}
	if err := record.save(ctx, w.to, w.run.id); err != nil {
		return n, err
	}
	_, err = w.to.ExecContext(ctx, "COMMIT")
	return n, err
}
