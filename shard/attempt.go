package shard

import (
	"cmp"
	"slices"
)

// attempt is the search for the one thing to pass from a shard to another that
// does the most good: best from least to most in weight, or else less, or more
// where that is better too.
type attempt struct {
	*balance
	criterion
	other       *criterion
	from, to    scale
	least, most float64

	good float64 // what the best so far does
	do   func()  // passes it; nil: nothing found yet
}

// any passes the best of the items, or of their parts. What is offered later
// has to be better: whole items of the right size come first, then cuts, then
// smaller ones, then members that get a pin, and last larger ones.
func (a *attempt) any(items []*item) bool {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(x, y *item) int { return cmp.Compare(a.measure(x.load), a.measure(y.load)) })
	for _, it := range items {
		if size := a.measure(it.load); size >= a.least && size <= a.most {
			a.offer(it.load, func() { a.put(it, a.to) })
		}
	}
	for _, it := range slices.Backward(items) {
		if a.measure(it.load) < a.least { // the largest of those that are not enough
			a.offer(it.load, func() { a.put(it, a.to) })
			break
		}
		if a.part(it) {
			break
		}
	}
	a.members(items)
	for _, it := range items {
		if a.measure(it.load) > a.most {
			a.offer(it.load, func() { a.put(it, a.to) })
		}
	}
	if a.do == nil {
		return false
	}
	a.do()
	return true
}

// part offers the upper part of an item, and reports whether it has the right
// size: a heavy member may be in the way of that.
func (a *attempt) part(it *item) bool {
	if it.span.IsPin() || a.measure(it.load) <= a.most {
		return false
	}
	least, most := a.least, a.most
	for range 3 {
		if k, ok := it.load.cut(it.span.Range, a.measure, least, most); ok {
			_, upper := it.load.split(it.span.Range, k)
			a.offer(upper, func() { a.put(a.cut(it, k), a.to) })
			return most == a.most
		}
		least, most = least/2, least
	}
	return false
}

// members offers each member of the items that is a good part of what is asked
// for, or more.
func (a *attempt) members(items []*item) {
	for _, it := range items {
		if it.span.IsPin() || it.at != it.from {
			continue // what moves already takes its members along
		}
		for _, m := range it.load.Heaviest {
			if a.measure(m.load()) >= a.least/4 {
				a.offer(m.load(), func() { a.put(a.pin(it, m), a.to) })
			}
		}
	}
}

// offer takes what is better than the best so far, and does good at all: both
// shards together get nearer to their shares, and no further from them by the
// other criterion. Each step of a balance does some good, so there is an end.
// What is too much costs more than it can do good elsewhere.
func (a *attempt) offer(l Load, do func()) {
	good, least := a.nearer(a.criterion, l), a.total/1e9
	if good <= least || a.other != nil && a.nearer(*a.other, l) < 0 {
		return
	}
	if good -= 2 * max(a.measure(l)-a.most, 0); a.do == nil || good > a.good+least {
		a.good, a.do = good, do
	}
}

// nearer is how much less the two shards are beyond the tolerance with that
// load passed.
func (a *attempt) nearer(c criterion, l Load) float64 {
	from, to, size := a.held(c, a.from), a.held(c, a.to), c.measure(l)
	return c.wrong(a.from, from) - c.wrong(a.from, from-size) + c.wrong(a.to, to) - c.wrong(a.to, to+size)
}
