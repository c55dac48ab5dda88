package shard_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/berthdb/berth/shard"
)

// plant is a cluster to rebalance.
type plant struct {
	m     *shard.Map
	sizes map[shard.Span]shard.Load
	opts  shard.RebalanceOptions
}

// drawPlant is a cluster with a few shards, of which at least one does not
// drain. Even asks for ranges only, of even load, with nothing busy: then every
// share can be cut to measure.
func drawPlant(t *rapid.T, even bool) plant {
	d := document()
	d.Shards, d.Ranges, d.Pins, d.Tables = nil, nil, nil, nil
	n := rapid.IntRange(1, 6).Draw(t, "shards")
	for i := range n {
		d.Shards = append(d.Shards, shard.Shard{
			Name: string(rune('a' + i)), Database: "app", Primary: shard.Instance{Address: fmt.Sprintf("10.0.0.%d:3306", i+1)},
			Weight: rapid.IntRange(0, 3).Draw(t, "weight"), Draining: i > 0 && rapid.IntRange(0, 3).Draw(t, "draining") == 0,
		})
	}
	owner := func() string { return d.Shards[rapid.IntRange(0, n-1).Draw(t, "owner")].Name }
	p := plant{sizes: map[shard.Span]shard.Load{}, opts: shard.RebalanceOptions{Busy: map[shard.Span]string{}}}
	for _, r := range shard.Deal(rapid.IntRange(1, 12).Draw(t, "ranges")) {
		d.Ranges = append(d.Ranges, shard.Entry{Span: shard.Span{Range: r}, Shard: owner()})
	}
	if !even {
		for _, id := range rapid.SliceOfNDistinct(rapid.Int64Range(1, 50), 0, 5, rapid.ID).Draw(t, "pins") {
			d.Pins = append(d.Pins, shard.Entry{Span: shard.Span{Pin: shard.Int(id)}, Shard: owner()})
		}
		if rapid.Bool().Draw(t, "frozen") && n > 1 {
			e := &d.Ranges[0]
			to := d.Shards[0].Name
			if to == e.Shard {
				to = d.Shards[1].Name
			}
			f := freeze(to, "job/1")
			e.Frozen = &f
		}
	}
	p.m = mustRapidMap(t, d)
	least := uint64(0)
	if even {
		least = 1 << 20 // a single byte can't be cut
	}
	for _, e := range p.m.Entries() {
		l := shard.Load{Bytes: rapid.Uint64Range(least, 1<<40).Draw(t, "bytes")}
		l.Rows = l.Bytes / 300
		if !even {
			l.Rate = rapid.Float64Range(0, 1000).Draw(t, "rate")
			for _, id := range rapid.SliceOfNDistinct(rapid.Int64Range(51, 99), 0, 3, rapid.ID).Draw(t, "heaviest") {
				l.Heaviest = append(l.Heaviest, shard.MemberLoad{
					Member: shard.Int(id), Bytes: l.Bytes / rapid.Uint64Range(1, 20).Draw(t, "part"), Rate: l.Rate / 3,
				})
			}
			if rapid.IntRange(0, 9).Draw(t, "busy") == 0 {
				p.opts.Busy[e.Span] = owner()
			}
		}
		p.sizes[e.Span] = l
	}
	return p
}

func mustRapidMap(t *rapid.T, d shard.Document) *shard.Map {
	m, err := shard.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// busy reports whether the entry must be left alone.
func (p plant) busy(e shard.Entry) bool {
	_, ok := p.opts.Busy[e.Span]
	return ok || e.Frozen != nil
}

// apply makes the moves on the map, as jobs would, and keeps the sizes.
func (p plant) apply(t *rapid.T, moves []shard.ProposedMove) plant {
	sizes := map[shard.Span]shard.Load{}
	for s, l := range p.sizes {
		sizes[s] = l
	}
	m := p.m
	step := func(next *shard.Map, err error) {
		if err != nil {
			t.Fatalf("%v: %v", moves, err)
		}
		m = next
	}
	for i, mv := range moves {
		of, ok := m.Find(mv.Of)
		if !ok || of.Shard != mv.From || p.busy(of) {
			t.Fatalf("%s: the entry is %+v, busy %v", mv, of, p.busy(of))
		}
		if mv.Span != mv.Of {
			if mv.Span.IsPin() {
				step(m.Pin(change("pin"), mv.Span.Pin))
			} else {
				step(m.Cut(change("cut"), mv.Span.Range.Start))
			}
			rest := mv.Of
			if !mv.Span.IsPin() {
				rest.Range.End = mv.Span.Range.Start
			}
			l := sizes[mv.Of]
			delete(sizes, mv.Of)
			if mv.Load.Bytes > l.Bytes {
				t.Fatalf("%s moves %d bytes of %d", mv, mv.Load.Bytes, l.Bytes)
			}
			l.Bytes, l.Rows, l.Rate = l.Bytes-mv.Load.Bytes, l.Rows-min(l.Rows, mv.Load.Rows), l.Rate-mv.Load.Rate
			sizes[rest] = l
		}
		sizes[mv.Span] = mv.Load
		attempt := fmt.Sprintf("move %d", i)
		step(m.Freeze(change("freeze"), mv.Span, freeze(mv.To, attempt)))
		step(m.Switch(change("switch"), mv.Span, attempt))
	}
	return plant{m, sizes, p.opts}
}

// held is what each shard holds, with what is busy where it goes.
func (p plant) held() (map[string]float64, float64) {
	held, total := map[string]float64{}, 0.0
	for _, e := range p.m.Entries() {
		at := e.Shard
		if to, ok := p.opts.Busy[e.Span]; ok {
			at = to
		}
		if e.Frozen != nil {
			at = e.Frozen.To
		}
		held[at] += float64(p.sizes[e.Span].Bytes)
		total += float64(p.sizes[e.Span].Bytes)
	}
	return held, total
}

// fair is the fair share of each shard that isn't draining.
func (p plant) fair(total float64) map[string]float64 {
	fair, weights := map[string]float64{}, 0.0
	for s := range p.m.Shards() {
		if !s.Draining {
			fair[s.Name] = float64(max(s.Weight, 1))
			weights += fair[s.Name]
		}
	}
	for name := range fair {
		fair[name] *= total / weights
	}
	return fair
}

// wrong is how much is too much and too little beyond ten percent, and what is
// on draining shards and can move.
func (p plant) wrong() (over, under, draining float64) {
	held, total := p.held()
	fair := p.fair(total)
	for name, f := range fair {
		over += max(held[name]-f*1.1, 0)
		under += max(f*0.9-held[name], 0)
	}
	for _, e := range p.m.Entries() {
		if _, ok := fair[e.Shard]; !ok && !p.busy(*e) {
			draining += float64(p.sizes[e.Span].Bytes)
		}
	}
	return over, under, draining
}

func rebalance(t *rapid.T, p plant) []shard.ProposedMove {
	moves, err := shard.Rebalance(p.m, p.sizes, p.opts)
	if err != nil {
		t.Fatal(err)
	}
	return moves
}

// Whatever there is: nothing that can leave stays on a draining shard, shares
// are not further off than before, what was proposed can be done, and the same
// question has the same answer.
func TestRebalanceAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlant(t, false)
		moves := rebalance(t, p)
		if again := rebalance(t, p); fmt.Sprint(again) != fmt.Sprint(moves) {
			t.Fatalf("first %v, then %v", moves, again)
		}
		after := p.apply(t, moves)
		over, under, draining := after.wrong()
		overBefore, underBefore, drainingBefore := p.wrong()
		if draining > 0 {
			t.Fatalf("%v leaves %v bytes on draining shards", moves, draining)
		}
		for _, e := range after.m.Entries() {
			if s, _ := after.m.Shard(e.Shard); s.Draining && !p.busy(*e) {
				t.Fatalf("%v leaves %s on %s", moves, e.Span, s.Name)
			}
		}
		if drainingBefore == 0 && over+under > overBefore+underBefore+1e6 {
			t.Fatalf("%v: %v+%v beyond the tolerance became %v+%v", moves, overBefore, underBefore, over, under)
		}
	})
}

// Where every share can be cut to measure, each shard ends within its
// tolerance, and little more than the least possible moves.
func TestRebalanceEvenRanges(t *testing.T) {
	worst := 0.0
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlant(t, true)
		moves := rebalance(t, p)
		after := p.apply(t, moves)
		_, total := p.held()
		if over, under, draining := after.wrong(); over+under+draining > total/1e6 {
			t.Fatalf("%v leaves %v above, %v below the tolerance, %v on draining shards", moves, over, under, draining)
		}
		over, under, draining := p.wrong()
		least, moved := max(draining+over, under), 0.0
		for _, mv := range moves {
			moved += float64(mv.Load.Bytes)
		}
		if least > total/100 {
			worst = max(worst, moved/least)
		}
		if moved > least*1.25+total/50 {
			t.Fatalf("%v moves %v bytes, the least possible is %v", moves, moved, least)
		}
		if again := rebalance(t, after); len(again) > 0 {
			t.Fatalf("%v was not enough: %v", moves, again)
		}
	})
	t.Logf("at worst %.2f times the least was moved", math.Round(worst*100)/100)
}

// The largest map there may be is rebalanced in reasonable time.
func BenchmarkRebalance(b *testing.B) {
	m := largest(b)
	sizes := map[shard.Span]shard.Load{}
	for i, e := range m.Entries() {
		sizes[e.Span] = shard.Load{Bytes: uint64(i%97) << 30, Rows: 1000}
		if e.Span.IsPin() {
			sizes[e.Span] = shard.Load{Bytes: uint64(i%89) << 20, Rows: 1000}
		}
	}
	var moves []shard.ProposedMove
	for b.Loop() {
		moves, _ = shard.Rebalance(m, sizes, shard.RebalanceOptions{Tolerance: 0.02})
	}
	b.ReportMetric(float64(len(moves)), "moves")
}
