package move

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/rows"
)

// The sizes of chunks.
const (
	defaultWorkers = 4
	chunkMembers   = 1000 // members of a chunk at most
	leastChunk     = 50   // rows that a chunk has even at a low rate
)

// copier copies the span's rows, chunk by chunk; see DESIGN.md.
type copier struct {
	run                  *run
	tail                 *tail
	gate                 *gate
	workers              int
	chunkRows, heavyRows int64 // see limits

	less    func(a, b shard.Member) bool
	partial map[string][]partChunk // by table: chunks begun by a worker before
}

// newCopier cuts chunks that fit a set rate: all workers' chunks together are
// half a second of it, so that it is kept from the beginning on.
func (r *run) newCopier(t *tail, gate *gate, o Options) *copier {
	c := &copier{
		run: r, tail: t, gate: gate, less: r.tables[0].Less, workers: o.Workers,
		chunkRows: int64(r.worker.cfg.limits.chunkRows), heavyRows: int64(r.worker.cfg.limits.heavyRows),
	}
	if c.workers <= 0 {
		c.workers = defaultWorkers
	}
	if o.Rate > 0 {
		c.chunkRows = min(c.chunkRows, max(leastChunk, int64(o.Rate/(2*c.workers))))
		c.heavyRows = min(c.heavyRows, 5*c.chunkRows)
	}
	return c
}

// partChunk is a chunk of which parts are on the target.
type partChunk struct {
	chunk
	after rows.Position // of the last row that is there
	open  *openInterval
	begun bool // by a worker before
}

// chunk is an interval of members of one table.
type chunk struct {
	table rows.Table
	interval
	heavy shard.Member // its last member, if that has very many rows
	page  int          // members of the table that it spans at most, as far as is known; 0: not known
}

// load takes over what is on the target. It must come before the tail runs:
// changes of a chunk that is there in part have to wait from the first one on.
func (c *copier) load(ctx context.Context) error {
	saved, err := savedChunks(ctx, c.run.to.db, c.run.id)
	if err != nil {
		return err
	}
	c.partial = map[string][]partChunk{}
	var rowsDone, bytesDone int64
	for _, s := range saved {
		t, ok := c.tail.tables[s.table]
		if !ok {
			return fmt.Errorf("%w: table %s was copied and is no longer in the catalogue; cancel the job and start it again", errFailed, s.table)
		}
		iv, err := c.parse(s.low, s.high)
		if err != nil {
			return err
		}
		rowsDone, bytesDone = rowsDone+s.rows, bytesDone+s.bytes
		if s.done() {
			c.gate.mark(s.table, iv)
			continue
		}
		heavy := iv.high
		if c.run.span.IsPin() {
			heavy = c.run.span.Pin
		}
		c.partial[s.table] = append(c.partial[s.table], partChunk{
			chunk: chunk{table: t, interval: iv, heavy: heavy}, after: rows.Position(s.after.String), open: c.gate.begin(s.table, iv), begun: true,
		})
	}
	c.run.count(func(n *counters) { n.rowsCopied, n.bytesCopied = rowsDone, bytesDone })
	return nil
}

func (c *copier) parse(low, high string) (iv interval, err error) {
	for _, end := range []struct {
		text string
		to   *shard.Member
	}{{low, &iv.low}, {high, &iv.high}} {
		if end.text == "" {
			continue
		}
		if *end.to, err = shard.ParseMember(end.text); err != nil {
			return iv, fmt.Errorf("a chunk of job %s: %w", c.run.id, err)
		}
	}
	return iv, nil
}

// copy copies everything that is not on the target yet.
func (c *copier) copy(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	chunks := make(chan partChunk)
	g.Go(func() error {
		defer close(chunks)
		return c.deal(ctx, chunks)
	})
	for i := range c.workers {
		g.Go(func() error { return c.work(ctx, i, chunks) })
	}
	return g.Wait()
}

// deal cuts the tables into chunks. Those begun before come first: changes of
// their members wait.
func (c *copier) deal(ctx context.Context, chunks chan<- partChunk) error {
	for _, parts := range c.partial {
		for _, p := range parts {
			if err := send(ctx, chunks, p); err != nil {
				return err
			}
		}
	}
	for _, t := range c.run.tables {
		for _, gap := range c.gate.gaps(t.Name) {
			if err := c.dealGap(ctx, t, gap, chunks); err != nil {
				return err
			}
		}
	}
	return nil
}

func send[T any](ctx context.Context, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// dealGap cuts an interval of which nothing was copied into chunks. Where the
// borders are is decided by the rows that are there now; who is inside is read
// again when the chunk is open.
func (c *copier) dealGap(ctx context.Context, t rows.Table, gap interval, chunks chan<- partChunk) error {
	if c.run.span.IsPin() {
		n, err := t.Expect(ctx, c.run.from.db, []shard.Member{c.run.span.Pin})
		if err != nil {
			return err
		}
		p := partChunk{chunk: chunk{table: t, interval: gap}}
		if n > c.heavyRows {
			p.heavy = c.run.span.Pin
		}
		return send(ctx, chunks, p)
	}
	low, page := gap.low, gap.low
	var pending []shard.Member // moving members since low
	among := 1.0               // members of the table for each one that moves
	flush := func(n int, high, heavy shard.Member) error {
		spans := min(memberPage, int(1.1*among*float64(n))+10)
		p := partChunk{chunk: chunk{table: t, interval: interval{low: low, high: high}, heavy: heavy, page: spans}}
		low, pending = high, pending[:0]
		return send(ctx, chunks, p)
	}
	for {
		list, next, err := c.run.members(ctx, c.run.from, t, page)
		if err != nil {
			return err
		}
		if !next.IsZero() {
			among = memberPage / float64(max(1, len(list)))
		}
		for _, m := range list {
			if !gap.high.IsZero() && c.less(gap.high, m) {
				next = shard.Member{}
				break
			}
			if pending = append(pending, m); len(pending) < chunkMembers {
				continue
			}
			if err := c.cut(ctx, t, pending, flush); err != nil {
				return err
			}
		}
		if next.IsZero() || !gap.high.IsZero() && !c.less(next, gap.high) {
			break
		}
		page = next
	}
	if err := c.cut(ctx, t, pending, flush); err != nil {
		return err
	}
	if low != gap.high || low.IsZero() {
		return flush(0, gap.high, shard.Member{})
	}
	return nil
}

// cut makes chunks of about chunkRows rows of the members, none left over.
func (c *copier) cut(ctx context.Context, t rows.Table, members []shard.Member, flush func(n int, high, heavy shard.Member) error) error {
	if len(members) == 0 {
		return nil
	}
	n, err := t.Expect(ctx, c.run.from.db, members)
	if err != nil {
		return err
	}
	last := members[len(members)-1]
	switch {
	case len(members) == 1 && n > c.heavyRows:
		return flush(1, last, last)
	case len(members) == 1 || n <= c.chunkRows+c.chunkRows/2:
		return flush(len(members), last, shard.Member{})
	}
	half := len(members) / 2
	low := append([]shard.Member(nil), members[:half]...)
	high := append([]shard.Member(nil), members[half:]...)
	if err := c.cut(ctx, t, low, flush); err != nil {
		return err
	}
	return c.cut(ctx, t, high, flush)
}

// work copies chunks, one after the other.
func (c *copier) work(ctx context.Context, n int, chunks <-chan partChunk) error {
	token, err := loadToken(ctx, c.run.to.db, c.run.id, fmt.Sprintf("copy-%d", n), c.run.genTo, "")
	if err != nil {
		return err
	}
	w := &copyWorker{copier: c, token: token}
	defer w.close()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case p, ok := <-chunks:
			if !ok {
				return w.pay(ctx) // for the last chunk, too
			}
			began := time.Now()
			if err := w.chunk(ctx, p); err != nil {
				return fmt.Errorf("copying table %s: %w", p.table.Name, err)
			}
			if err := c.run.throttle.breathe(ctx, time.Since(began)); err != nil {
				return err
			}
		}
	}
}
