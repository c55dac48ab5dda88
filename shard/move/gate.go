package move

import (
	"slices"
	"sync"

	"github.com/berthdb/berth/shard"
)

// interval is the members above low and up to high, in member order. The zero
// Member is the one end or the other of all.
type interval struct {
	low, high shard.Member
}

// gate says, for a table and a member, whether its rows are on the target yet.
// See DESIGN.md, "Copy and tail side by side". It is safe for concurrent use.
type gate struct {
	less func(a, b shard.Member) bool

	mu     sync.Mutex
	tables map[string]*tableGate
}

type tableGate struct {
	done []interval // in order, neighbours made one
	open []*openInterval
}

type openInterval struct {
	interval
	closed chan struct{} // once its rows are written, or given up
}

func newGate(less func(a, b shard.Member) bool) *gate {
	return &gate{less: less, tables: map[string]*tableGate{}}
}

// verdict is what a lane does with a change.
type verdict int

const (
	drop  verdict = iota // the chunk that will hold the member has not been read
	apply                // the member's rows are there
	wait                 // they are being written: ask again when the channel is closed
)

// judge says what to do with a change of the member's rows in the table.
func (g *gate) judge(table string, m shard.Member) (verdict, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.tables[table]
	if t == nil {
		return drop, nil
	}
	for _, o := range t.open {
		if g.holds(o.interval, m) {
			return wait, o.closed
		}
	}
	// The first interval that ends at or above the member is the only one that
	// can hold it.
	i, _ := slices.BinarySearchFunc(t.done, m, func(iv interval, m shard.Member) int {
		if !iv.high.IsZero() && g.less(iv.high, m) {
			return -1
		}
		return 1
	})
	if i < len(t.done) && g.holds(t.done[i], m) {
		return apply, nil
	}
	return drop, nil
}

func (g *gate) holds(iv interval, m shard.Member) bool {
	return (iv.low.IsZero() || g.less(iv.low, m)) && (iv.high.IsZero() || !g.less(iv.high, m))
}

// begin opens an interval. From here on changes of its members wait.
func (g *gate) begin(table string, iv interval) *openInterval {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := &openInterval{interval: iv, closed: make(chan struct{})}
	t := g.table(table)
	t.open = append(t.open, o)
	return o
}

// end closes an interval: its rows are on the target if done, else its members
// are as if they had never been read.
func (g *gate) end(table string, o *openInterval, done bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.table(table)
	t.open = slices.DeleteFunc(t.open, func(p *openInterval) bool { return p == o })
	if done {
		g.add(t, o.interval)
	}
	close(o.closed)
}

// mark takes an interval for done without having been open, from what a worker
// before has recorded.
func (g *gate) mark(table string, iv interval) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.add(g.table(table), iv)
}

func (g *gate) table(name string) *tableGate {
	t := g.tables[name]
	if t == nil {
		t = &tableGate{}
		g.tables[name] = t
	}
	return t
}

func (g *gate) add(t *tableGate, iv interval) {
	i, _ := slices.BinarySearchFunc(t.done, iv, func(a, b interval) int {
		if b.low.IsZero() {
			return 1
		}
		if a.low.IsZero() || g.less(a.low, b.low) {
			return -1
		}
		return 1
	})
	t.done = slices.Insert(t.done, i, iv)
	if i+1 < len(t.done) && !t.done[i].high.IsZero() && t.done[i].high == t.done[i+1].low {
		t.done[i].high = t.done[i+1].high
		t.done = slices.Delete(t.done, i+1, i+2)
	}
	if i > 0 && !t.done[i].low.IsZero() && t.done[i-1].high == t.done[i].low {
		t.done[i-1].high = t.done[i].high
		t.done = slices.Delete(t.done, i, i+1)
	}
}

// gaps are the intervals of the table that are neither done nor open, in order.
func (g *gate) gaps(table string) (gaps []interval) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.table(table)
	taken := tableGate{done: slices.Clone(t.done)}
	for _, o := range t.open {
		g.add(&taken, o.interval)
	}
	var low shard.Member
	for i, iv := range taken.done {
		if i == 0 && !iv.low.IsZero() || i > 0 && iv.low != low {
			gaps = append(gaps, interval{low: low, high: iv.low})
		}
		if low = iv.high; low.IsZero() {
			return gaps
		}
	}
	return append(gaps, interval{low: low})
}
