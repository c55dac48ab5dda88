package shard

import (
	"math"
	"sort"
)

// Load is what a span, or a part of one, weighs on its shard. Estimates will
// do: Rebalance works with shares, not with bytes to the last one.
type Load struct {
	Bytes uint64  `json:"bytes"`          // of the rows, indexes left out or in, as long as it's the same for all
	Rows  uint64  `json:"rows"`           // of all sharded tables
	Rate  float64 `json:"rate,omitempty"` // statements a second; 0: none, or not known

	// Heaviest are the members that weigh much more than the others of the
	// span, in any order; their loads are part of the span's. The more of them
	// are known, the better a cut's two sides are. None is fine.
	Heaviest []MemberLoad `json:"-"`
}

// MemberLoad is what one member weighs.
type MemberLoad struct {
	Member Member
	Bytes  uint64
	Rows   uint64
	Rate   float64 // statements a second; 0: none, or not known
}

func (l Load) plus(o Load) Load {
	return Load{Bytes: l.Bytes + o.Bytes, Rows: l.Rows + o.Rows, Rate: l.Rate + o.Rate}
}

// minus never goes below zero: a member may be thought heavier than the range
// that it was counted in.
func (l Load) minus(o Load) Load {
	return Load{Bytes: l.Bytes - min(l.Bytes, o.Bytes), Rows: l.Rows - min(l.Rows, o.Rows), Rate: max(l.Rate-o.Rate, 0)}
}

func (m MemberLoad) load() Load { return Load{Bytes: m.Bytes, Rows: m.Rows, Rate: m.Rate} }

// split is the load of both sides of a cut of r at k: each heavy member on its
// own side, the rest by the sides' shares of the keyspace.
func (l Load) split(r Range, k KeyspaceID) (low, high Load) {
	rest, upper := l, Load{}
	for _, m := range l.Heaviest {
		rest = rest.minus(m.load())
		if m.Member.KeyspaceID() >= k {
			upper = upper.plus(m.load())
			high.Heaviest = append(high.Heaviest, m)
		} else {
			low.Heaviest = append(low.Heaviest, m)
		}
	}
	share := Range{k, r.End}.Size() / r.Size()
	upper = upper.plus(Load{
		Bytes: uint64(float64(rest.Bytes) * share),
		Rows:  uint64(float64(rest.Rows) * share),
		Rate:  rest.Rate * share,
	})
	upper.Bytes, upper.Rows, upper.Rate = min(upper.Bytes, l.Bytes), min(upper.Rows, l.Rows), min(upper.Rate, l.Rate)
	lower := l.minus(upper)
	lower.Heaviest, upper.Heaviest = low.Heaviest, high.Heaviest
	return lower, upper
}

// without is the load of a range after that member was pinned.
func (l Load) without(m MemberLoad) Load {
	rest := l.minus(m.load())
	for _, o := range l.Heaviest {
		if o.Member != m.Member {
			rest.Heaviest = append(rest.Heaviest, o)
		}
	}
	return rest
}

// cut finds where to cut r so that what lies above weighs at least least and
// at most most by that measure. It fails when a heavy member makes the step
// too large, or r is too small to be cut.
func (l Load) cut(r Range, measure func(Load) float64, least, most float64) (KeyspaceID, bool) {
	above := func(k KeyspaceID) float64 {
		_, high := l.split(r, k)
		return measure(high)
	}
	low, high := r.Start+1, r.End-1 // an End of zero is past the last id
	if r.Start == math.MaxUint64 || low > high {
		return 0, false
	}
	from := search(low, high, func(k KeyspaceID) bool { return above(k) <= most })
	to := search(low, high, func(k KeyspaceID) bool { return above(k) < least }) - 1
	if from > to || to < low || above(from) > most {
		return 0, false
	}
	return Shortest(from, to), true
}

// search is the first id from low to high for which is holds, or high when it
// holds for none; once it holds it does for all that follow.
func search(low, high KeyspaceID, is func(KeyspaceID) bool) KeyspaceID {
	for low < high {
		if mid := low + (high-low)/2; is(mid) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// Shortest is the keyspace id from low to high, both included, whose text has
// the fewest digits: 40 between 3f12… and 4100….
func Shortest(low, high KeyspaceID) KeyspaceID {
	width := sort.Search(8, func(i int) bool { return high&^(1<<(56-8*i)-1) >= low })
	if width == 8 {
		return high // unless low > high
	}
	return high &^ (1<<(56-8*width) - 1)
}
