package binlog

import (
	"slices"
	"sort"

	"github.com/google/uuid"
)

// Set is a set of GTIDs: a position in the binlogs of a group of servers, whose
// files and offsets differ from one to the next. The zero Set is empty and
// ready for use. Like a map it shares what it holds when it is assigned: Clone
// gives one of its own. It is not safe for use while another goroutine adds.
type Set struct {
	sources map[origin][]interval // sorted, neither touching nor empty
}

// origin is where GTIDs are numbered one after the other.
type origin struct {
	uuid uuid.UUID
	tag  string
}

// interval has both of its ends in it.
type interval struct{ first, last int64 }

// Add puts one GTID into the set. Adding it again changes nothing.
func (s *Set) Add(g GTID) { s.add(origin{g.Source, g.Tag}, interval{g.Number, g.Number}) }

func (s *Set) add(o origin, in interval) {
	if s.sources == nil {
		s.sources = make(map[origin][]interval)
	}
	list := s.sources[o]
	// Nearly always the next one of its source.
	if n := len(list); n > 0 && list[n-1].last+1 == in.first {
		list[n-1].last = in.last
		return
	}
	// from and to bound the intervals that the new one meets or touches.
	from := sort.Search(len(list), func(i int) bool { return list[i].last >= in.first-1 })
	to := from
	for ; to < len(list) && list[to].first <= in.last+1; to++ {
		in.first = min(in.first, list[to].first)
		in.last = max(in.last, list[to].last)
	}
	s.sources[o] = slices.Replace(list, from, to, in)
}

// Has reports whether the GTID is in the set.
func (s Set) Has(g GTID) bool {
	return covers(s.sources[origin{g.Source, g.Tag}], interval{g.Number, g.Number})
}

func covers(list []interval, in interval) bool {
	i := sort.Search(len(list), func(i int) bool { return list[i].last >= in.first })
	return i < len(list) && list[i].first <= in.first && in.last <= list[i].last
}

// Contains reports whether all of other is in the set.
func (s Set) Contains(other Set) bool {
	for o, list := range other.sources {
		for _, in := range list {
			if !covers(s.sources[o], in) {
				return false
			}
		}
	}
	return true
}

// Equal reports whether both hold the same GTIDs.
func (s Set) Equal(other Set) bool { return s.Contains(other) && other.Contains(s) }

// IsEmpty reports whether the set holds nothing.
func (s Set) IsEmpty() bool { return len(s.sources) == 0 }

// Clone is a copy that shares nothing.
func (s Set) Clone() Set {
	if s.sources == nil {
		return Set{}
	}
	c := Set{sources: make(map[origin][]interval, len(s.sources))}
	for o, list := range s.sources {
		c.sources[o] = slices.Clone(list)
	}
	return c
}

// Union is a new set of what is in either.
func (s Set) Union(other Set) Set {
	c := s.Clone()
	for o, list := range other.sources {
		for _, in := range list {
			c.add(o, in)
		}
	}
	return c
}

// Intersect is a new set of what is in both: of several positions, the one from
// which on all of them have been.
func (s Set) Intersect(other Set) Set {
	var c Set
	for o, list := range s.sources {
		theirs := other.sources[o]
		for i, j := 0, 0; i < len(list) && j < len(theirs); {
			both := interval{max(list[i].first, theirs[j].first), min(list[i].last, theirs[j].last)}
			if both.first <= both.last {
				c.add(o, both)
			}
			if list[i].last < theirs[j].last {
				i++
			} else {
				j++
			}
		}
	}
	return c
}

// order is the origins by UUID, the untagged one of each first: the order in
// which the server prints and sends them.
func (s Set) order() []origin {
	all := make([]origin, 0, len(s.sources))
	for o := range s.sources {
		all = append(all, o)
	}
	slices.SortFunc(all, compareOrigins)
	return all
}
