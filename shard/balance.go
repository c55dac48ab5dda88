package shard

import (
	"cmp"
	"slices"
)

// balance is where everything is while Rebalance looks for its moves.
type balance struct {
	scales []scale // by name
	items  []*item
	on     map[string]Load // what each shard holds
}

// scale is a shard.
type scale struct {
	shard    string
	draining bool
	share    float64 // its fair share of the whole
}

// item is an entry of the map, the part of one that is left or was cut off, or
// a member that was pinned out of one.
type item struct {
	entry    int // place in the map of what it comes from
	span     Span
	load     Load
	from, at string // the shards where it is, and where it shall be
	busy     bool
}

// criterion is one thing to be even in.
type criterion struct {
	measure          func(Load) float64
	total, tolerance float64
}

// slack is how much more than asked for may go to the shard: it leaves cuts
// short, and entries whole.
func (c criterion) slack(s scale) float64 { return c.total * s.share * c.tolerance / 5 }

func (b *balance) held(c criterion, s scale) float64 { return c.measure(b.on[s.shard]) }

func (b *balance) add(it *item) {
	b.items = append(b.items, it)
	b.on[it.at] = b.on[it.at].plus(it.load)
}

func (b *balance) put(it *item, to scale) {
	b.on[it.at] = b.on[it.at].minus(it.load)
	it.at = to.shard
	b.on[it.at] = b.on[it.at].plus(it.load)
}

// wrong is how far the shard, with that on it, is beyond the tolerance.
func (c criterion) wrong(s scale, held float64) float64 {
	return max(held-c.most(s), c.least(s)-held, 0)
}

func (c criterion) most(s scale) float64  { return c.total * s.share * (1 + c.tolerance) }
func (c criterion) least(s scale) float64 { return c.total * s.share * (1 - c.tolerance) }

// fill orders the shards that may take something from the emptiest on.
func (b *balance) fill(c criterion) []scale {
	held := map[string]float64{}
	var open []scale
	for _, s := range b.scales {
		if !s.draining {
			held[s.shard] = b.held(c, s) / s.share
			open = append(open, s)
		}
	}
	slices.SortStableFunc(open, func(x, y scale) int { return cmp.Compare(held[x.shard], held[y.shard]) })
	return open
}

// drain takes everything off the shards that are draining, the largest first:
// whole to the emptiest shard if it has the room, else the part that it has
// room for.
func (b *balance) drain(c criterion) {
	for _, s := range b.scales {
		for s.draining {
			it := b.largest(c, s)
			if it == nil {
				break
			}
			to := b.fill(c)[0]
			held, size := b.held(c, to), c.measure(it.load)
			room := c.total*to.share - held
			if held+size > c.most(to) && room > c.slack(to) && size > room+c.slack(to) && !it.span.IsPin() {
				if k, ok := it.load.cut(it.span.Range, c.measure, room, room+c.slack(to)); ok {
					it = b.cut(it, k)
				}
			}
			b.put(it, to)
		}
	}
}

// largest is the largest item on the shard that may move.
func (b *balance) largest(c criterion, s scale) (most *item) {
	for _, it := range b.items {
		if it.at == s.shard && !it.busy && (most == nil || c.measure(it.load) > c.measure(most.load)) {
			most = it
		}
	}
	return most
}

// relieve moves something off the fullest shard above the tolerance from which
// anything can be moved. It must not make other worse. Called until it reports
// false, there is none left or nothing helps.
func (b *balance) relieve(c criterion, other *criterion) bool {
	order := b.fill(c)
	over, under := 0.0, 0.0 // all that is too much or too little somewhere
	for _, s := range order {
		over += max(b.held(c, s)-c.most(s), 0)
		under += max(c.least(s)-b.held(c, s), 0)
	}
	for _, from := range slices.Backward(order) {
		give := b.held(c, from) - c.most(from)
		if give <= 0 {
			break
		}
		for _, to := range order {
			held := b.held(c, to)
			lack := max(c.least(to)-held, 0)
			// Up to its fair share, if that leaves enough for what others lack.
			room := max(lack, min(c.total*to.share-held, over-(under-lack)))
			if to.shard != from.shard && b.pass(c, other, from, to, min(give, room)) {
				return true
			}
		}
	}
	return false
}

// supply moves something to the emptiest shard below the tolerance that
// anything can be moved to, in the same way.
func (b *balance) supply(c criterion, other *criterion) bool {
	order := b.fill(c)
	for _, to := range order {
		need := c.least(to) - b.held(c, to)
		if need <= 0 {
			break
		}
		for _, from := range slices.Backward(order) {
			over := b.held(c, from) - c.total*from.share
			if from.shard != to.shard && b.pass(c, other, from, to, min(need, over)) {
				return true
			}
		}
	}
	return false
}

// pass moves about that much from one shard to another, or reports that
// nothing on it would make things better. What moves anyway goes first: that
// it goes elsewhere costs nothing.
func (b *balance) pass(c criterion, other *criterion, from, to scale, amount float64) bool {
	if amount <= 0 {
		return false
	}
	var moving, resting []*item
	for _, it := range b.items {
		switch {
		case it.at != from.shard || it.busy || it.from == to.shard || c.measure(it.load) == 0:
		case it.at != it.from:
			moving = append(moving, it)
		default:
			resting = append(resting, it)
		}
	}
	try := &attempt{balance: b, criterion: c, other: other, from: from, to: to, least: amount, most: amount + min(c.slack(from), c.slack(to))}
	return try.any(moving) || try.any(resting)
}

// cut makes an item of its own of the upper part.
func (b *balance) cut(it *item, k KeyspaceID) *item {
	upper := *it
	it.load, upper.load = it.load.split(it.span.Range, k)
	it.span.Range, upper.span.Range, _ = it.span.Range.Split(k)
	b.items = append(b.items, &upper)
	return &upper
}

// pin makes an item of its own of a member.
func (b *balance) pin(it *item, m MemberLoad) *item {
	rest := it.load.without(m)
	pinned := &item{entry: it.entry, span: Span{Pin: m.Member}, load: it.load.minus(rest), from: it.from, at: it.at}
	it.load = rest
	b.items = append(b.items, pinned)
	return pinned
}
