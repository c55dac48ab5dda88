package shard

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// RebalanceOptions say what a balance is.
type RebalanceOptions struct {
	// Tolerance is how far a shard may be from its fair share, above or below,
	// as a part of that share: 0.05 is five percent. 0: 0.1.
	Tolerance float64
	// Busy are the spans that jobs move now, each with the shard it goes to.
	// They count there, and are left alone like what the map has frozen. A
	// span that is no entry of the map makes the ranges it lies in busy.
	Busy map[Span]string
}

// ProposedMove is one move that evens out the shards. Moves are meant to be
// made in the order in which they are proposed.
type ProposedMove struct {
	Span Span `json:"span"` // what moves
	// Of is the entry it is taken from, as the moves before leave it: the span
	// itself, the range whose upper part it is, or the range that a member is
	// pinned out of.
	Of   Span   `json:"of"`
	From string `json:"from"`
	To   string `json:"to"`
	Load Load   `json:"load"` // expected
}

// String is one line for people.
func (p ProposedMove) String() string {
	what := "move " + p.Span.String()
	switch {
	case p.Span == p.Of:
	case p.Span.IsPin():
		what = fmt.Sprintf("pin %s out of %s and move it", p.Span, p.Of)
	default:
		what = fmt.Sprintf("cut %s at %s and move %s", p.Of, p.Span.Range.Start.short(), p.Span)
	}
	return fmt.Sprintf("%s from %s to %s", what, p.From, p.To)
}

// Rebalance proposes the moves that even out the shards: by bytes, and where
// the loads have rates by these too, as far as the bytes stay even. A shard's
// fair share goes by its weight; one that is draining has none, and everything
// goes off it. A shard with too low a rate is left alone if none has too high a
// one: nothing is wrong with it. Within the tolerance nothing moves, and no more moves than gets
// a shard there. Whole entries move, or the upper parts of ranges, or a heavy
// member by a pin of its own where a cut beside it won't do.
//
// Sizes must hold a load for each entry of the map. The same arguments give
// the same moves. It fails if all shards are draining.
func Rebalance(m *Map, sizes map[Span]Load, opts RebalanceOptions) ([]ProposedMove, error) {
	tolerance := opts.Tolerance
	switch {
	case tolerance == 0:
		tolerance = 0.1
	case tolerance < 0 || tolerance >= 1:
		return nil, fmt.Errorf("rebalance: a tolerance of %v is not between 0 and 1", tolerance)
	}
	b := &balance{on: map[string]Load{}}
	weights := 0
	for s := range m.Shards() {
		b.scales = append(b.scales, scale{shard: s.Name, draining: s.Draining})
		if !s.Draining {
			weights += max(s.Weight, 1)
		}
	}
	if weights == 0 {
		return nil, errors.New("rebalance: all shards are draining, so there is none to move anything to; " +
			"`berth shard add` one, or end the draining of one with `berth shard set NAME --draining=false`")
	}
	busy := busyEntries(m, opts.Busy)
	total := Load{}
	for i, e := range m.Entries() {
		load, ok := sizes[e.Span]
		if !ok {
			return nil, fmt.Errorf("rebalance: no size is known of %s on shard %s", e.Span, e.Shard)
		}
		load.Heaviest = slices.DeleteFunc(slices.Clone(load.Heaviest), func(o MemberLoad) bool {
			return o.Member.IsZero() || e.Span.IsPin() || m.Lookup(o.Member) != i
		})
		to, isBusy := busy[i]
		b.add(&item{entry: i, span: e.Span, load: load, from: e.Shard, at: cmp.Or(to, e.Shard), busy: isBusy})
		total = total.plus(load)
	}
	for i := range b.scales {
		s := &b.scales[i]
		if sh, _ := m.Shard(s.shard); !sh.Draining {
			s.share = float64(max(sh.Weight, 1)) / float64(weights)
		}
	}
	bytes := criterion{measure: func(l Load) float64 { return float64(l.Bytes) }, tolerance: tolerance}
	bytes.total = bytes.measure(total)
	b.drain(bytes)
	for b.relieve(bytes, nil) || b.supply(bytes, nil) {
	}
	if rate := (criterion{measure: func(l Load) float64 { return l.Rate }, tolerance: tolerance, total: total.Rate}); rate.total > 0 {
		for b.relieve(rate, &bytes) {
		}
	}
	return b.moves(m), nil
}

// busyEntries are the places of the map's entries that must be left alone, and
// where they count: on the shard they go to, or at home (empty) when that is
// so for a part of them only.
func busyEntries(m *Map, spans map[Span]string) map[int]string {
	busy := map[int]string{}
	for s, to := range spans {
		if i, ok := m.find(s); ok {
			busy[i] = to
			continue
		}
		for i, e := range m.Entries() {
			if !e.Span.IsPin() && (s.IsPin() && e.Span.Covers(s.Pin) || !s.IsPin() && e.Span.Range.Overlaps(s.Range)) {
				if _, ok := busy[i]; !ok {
					busy[i] = ""
				}
			}
		}
	}
	for i, e := range m.Entries() {
		if e.Frozen != nil {
			busy[i] = e.Frozen.To
		}
	}
	return busy
}

// moves reads off the balance which moves lead to it: pins out of ranges
// first, then of each entry its parts from the top down, so that what is cut
// off is always the upper part of what is left.
func (b *balance) moves(m *Map) []ProposedMove {
	parts := map[int][]*item{}
	var moves []ProposedMove
	for _, it := range b.items {
		switch {
		case it.at == it.from || it.busy:
			continue
		case it.span.IsPin() && !m.Entry(it.entry).Span.IsPin():
			moves = append(moves, ProposedMove{it.span, m.Entry(it.entry).Span, it.from, it.at, it.load})
		default:
			parts[it.entry] = append(parts[it.entry], it)
		}
	}
	for i, e := range m.Entries() {
		slices.SortFunc(parts[i], func(x, y *item) int { return y.span.Range.Compare(x.span.Range) })
		left := e.Span
		for j := 0; j < len(parts[i]); j++ {
			p := parts[i][j]
			span, load := p.span, p.load
			for ; j+1 < len(parts[i]) && parts[i][j+1].at == p.at; j++ { // two parts that end on one shard
				span.Range.Start = parts[i][j+1].span.Range.Start
				load = load.plus(parts[i][j+1].load)
			}
			moves = append(moves, ProposedMove{span, left, p.from, p.at, Load{Bytes: load.Bytes, Rows: load.Rows, Rate: load.Rate}})
			left.Range.End = span.Range.Start
		}
	}
	for i := range moves {
		moves[i].Load.Heaviest = nil
	}
	return moves
}
