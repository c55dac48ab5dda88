package shard

import "math/bits"

// index finds the entry of a member in a few nanoseconds: a table of the
// keyspace id's leading bits narrows the ranges to (nearly always) one, and an
// open-addressed table of keyspace ids holds the pins.
type index struct {
	starts []KeyspaceID // of the ranges
	first  []int32      // by leading bits: the range that holds the bucket's first id
	shift  uint
	pins   []pinSlot // length a power of two, at most half full; nil without pins
	mask   uint64
}

type pinSlot struct {
	kid    KeyspaceID
	member Member
	entry  int32 // 0 when free: entry 0 is always a range
}

func newIndex(ranges, pins []Entry) index {
	var x index
	x.starts = make([]KeyspaceID, len(ranges))
	for i, e := range ranges {
		x.starts[i] = e.Span.Range.Start
	}
	width := uint(bits.Len(uint(len(ranges)))) + 1
	x.shift = 64 - width
	x.first = make([]int32, 1<<width)
	r := 0
	for b := range x.first {
		for r+1 < len(ranges) && x.starts[r+1] <= KeyspaceID(b)<<x.shift {
			r++
		}
		x.first[b] = int32(r)
	}
	if len(pins) == 0 {
		return x
	}
	x.pins = make([]pinSlot, 1<<bits.Len(uint(len(pins)*2)))
	x.mask = uint64(len(x.pins) - 1)
	for i, e := range pins {
		kid := e.Span.Pin.KeyspaceID()
		at := uint64(kid) & x.mask
		for x.pins[at].entry != 0 {
			at = (at + 1) & x.mask
		}
		x.pins[at] = pinSlot{kid, e.Span.Pin, int32(len(ranges) + i)}
	}
	return x
}

// rangeOf is the place of the range that holds k.
func (x *index) rangeOf(k KeyspaceID) int {
	b := uint64(k) >> x.shift
	low := int(x.first[b])
	high := len(x.starts) - 1
	if b+1 < uint64(len(x.first)) {
		high = int(x.first[b+1])
	}
	for low < high { // the last range in low..high that starts at or before k
		mid := int(uint(low+high+1) >> 1)
		if x.starts[mid] <= k {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// find is the place of the member's entry: its pin, else its range.
func (x *index) find(m Member, k KeyspaceID) int {
	if x.pins != nil {
		for at := uint64(k) & x.mask; x.pins[at].entry != 0; at = (at + 1) & x.mask {
			if x.pins[at].kid == k && x.pins[at].member == m {
				return int(x.pins[at].entry)
			}
		}
	}
	return x.rangeOf(k)
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
