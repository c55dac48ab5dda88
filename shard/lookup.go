package shard

import "math/bits"

// index finds the entry of a member in a few nanoseconds. A table of the
// keyspace id's leading bits narrows the ranges to (nearly always) one. Pins
// are few among members, so a small set of bits says for nearly every member
// that it has none; for the rest an open-addressed table has the pins.
type index struct {
	starts []KeyspaceID // of the ranges
	first  []int32      // by leading bits: the range that holds the bucket's first id; one more closes the last bucket
	shift  uint
	maybe  []uint64  // by trailing bits: set when some pin has them; nil without pins
	slots  []pinSlot // length a power of two, at most half full
	pins   []Entry
}

type pinSlot struct {
	tag   uint32 // leading bits of the keyspace id
	entry int32  // place in the map; 0 when free, for entry 0 is always a range
}

func newIndex(ranges, pins []Entry) index {
	x := index{pins: pins, starts: make([]KeyspaceID, len(ranges))}
	for i, e := range ranges {
		x.starts[i] = e.Span.Range.Start
	}
	width := uint(bits.Len(uint(len(ranges)))) + 1
	x.shift = 64 - width
	x.first = make([]int32, 1<<width+1)
	x.first[1<<width] = int32(len(ranges) - 1)
	r := 0
	for b := range 1 << width {
		for r+1 < len(ranges) && x.starts[r+1] <= KeyspaceID(b)<<x.shift {
			r++
		}
		x.first[b] = int32(r)
	}
	if len(pins) == 0 {
		return x
	}
	size := 1 << bits.Len(uint(len(pins)*2))
	x.slots = make([]pinSlot, size)
	x.maybe = make([]uint64, max(size/8, 1)) // 16 to 32 bits for every pin
	for i, e := range pins {
		k := uint64(e.Span.Pin.KeyspaceID())
		x.maybe[k>>6&uint64(len(x.maybe)-1)] |= 1 << (k & 63)
		at := k & uint64(size-1)
		for x.slots[at].entry != 0 {
			at = (at + 1) & uint64(size-1)
		}
		x.slots[at] = pinSlot{uint32(k >> 32), int32(len(ranges) + i)}
	}
	return x
}

// rangeOf is the place of the range that holds k.
func (x *index) rangeOf(k KeyspaceID) int {
	b := uint64(k) >> x.shift
	low, high := int(x.first[b]), int(x.first[b+1])
	for high-low > 1 { // the last range in low..high that starts at or before k
		if mid := int(uint(low+high) >> 1); x.starts[mid] <= k {
			low = mid
		} else {
			high = mid - 1
		}
	}
	if x.starts[high] <= k { // without a branch, which would be a coin toss
		low = high
	}
	return low
}

// find is the place of the member's entry: its pin, else its range.
func (x *index) find(m Member, k KeyspaceID) int {
	if n := uint64(len(x.maybe)); n != 0 && x.maybe[uint64(k)>>6&(n-1)]>>(k&63)&1 != 0 {
		if i := x.pinOf(m, k); i != 0 {
			return i
		}
	}
	return x.rangeOf(k)
}

// pinOf is the place of the member's pin, or 0.
func (x *index) pinOf(m Member, k KeyspaceID) int {
	mask := uint64(len(x.slots) - 1)
	for at := uint64(k) & mask; ; at = (at + 1) & mask {
		s := x.slots[at]
		if s.entry == 0 || (s.tag == uint32(k>>32) && x.pins[int(s.entry)-len(x.starts)].Span.Pin == m) {
			return int(s.entry)
		}
	}
}

// Lookup is the place of the member's entry in the map, for Entry. It takes
// no lock and allocates nothing. The member must not be zero.
func (m *Map) Lookup(id Member) int { return m.index.find(id, id.KeyspaceID()) }

// Home is where a member lives, as the command line and the API show it.
type Home struct {
	Member     Member
	KeyspaceID KeyspaceID
	Range      Range // the range its keyspace id falls in, also when pinned
	Shard      Shard
	Pinned     bool
	Frozen     *Freeze
	Epoch      uint64
}

// Home looks the member up and gathers what there is to say about its home.
func (m *Map) Home(id Member) (Home, error) {
	if err := m.doc.Members.Type.Check(id); err != nil {
		return Home{}, err
	}
	k := id.KeyspaceID()
	e := m.Entry(m.index.find(id, k))
	s, _ := m.Shard(e.Shard)
	return Home{
		Member: id, KeyspaceID: k, Range: m.doc.Ranges[m.index.rangeOf(k)].Span.Range,
		Shard: s, Pinned: e.Span.IsPin(), Frozen: e.Frozen, Epoch: m.doc.Epoch,
	}, nil
}
