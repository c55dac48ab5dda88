package shard

import (
	"fmt"
	"iter"
	"slices"
	"time"
)

// Format is the version of the document that this code reads and writes.
const Format = 1

// Document is the map as it is stored: plain data, of which New makes a Map.
type Document struct {
	Format  int     `json:"format"`
	Cluster string  `json:"cluster"` // random id given by init; every server carries it in its identity
	Epoch   uint64  `json:"epoch"`   // 1 for the first map, one more with every change
	Change  Change  `json:"change"`
	Members Members `json:"members"`
	Shards  []Shard `json:"shards"` // by name
	Ranges  []Entry `json:"ranges"` // in order, without gap or overlap
	Pins    []Entry `json:"pins"`   // by member id
	Tables  []Table `json:"tables"` // by name
}

// Change says who made a map out of the one before it, when, and why.
type Change struct {
	Author string    `json:"author"`
	Time   time.Time `json:"time"`
	Action string    `json:"action"` // what was done, in the command's words
	Reason string    `json:"reason,omitempty"`
}

// Members says what member ids are in this map.
type Members struct {
	Type   MemberType `json:"type"`
	Column string     `json:"column"` // default name of the member column
}

// Shard is a named set of MySQL servers that hold the same data.
type Shard struct {
	Name     string     `json:"name"`
	Database string     `json:"database"`
	Primary  Instance   `json:"primary"`
	Replicas []Instance `json:"replicas,omitempty"`
	Draining bool       `json:"draining,omitempty"` // rebalance moves everything off it
	Weight   int        `json:"weight,omitempty"`   // its fair share relative to the others; 0 means 1
}

// Instance is one MySQL server.
type Instance struct {
	Address string `json:"address"`        // host:port
	UUID    string `json:"uuid,omitempty"` // its server_uuid; a server with another one is refused
}

// Entry is one line of the map: a range or a pin, and the shard that owns it.
type Entry struct {
	Span   Span    `json:"span"`
	Shard  string  `json:"shard"`
	Frozen *Freeze `json:"frozen,omitempty"` // nil while live
}

// Freeze says that a span is being handed over from its owner to another shard.
type Freeze struct {
	To       string    `json:"to"`
	Attempt  string    `json:"attempt"`  // unique to one attempt of one job
	Deadline time.Time `json:"deadline"` // past it anyone may abort the attempt
}

// Map is a valid Document with an index for lookups. It never changes: what
// Entry, Shard and their like give out must not be written to. Cut, Pin and
// the other edits give a new map whose epoch is one higher.
type Map struct {
	doc     Document
	index   index
	byName  map[string]int // place in doc.Shards
	byTable map[string]int // place in doc.Tables
}

// New checks the document, which it takes over, and indexes it.
func New(doc Document) (*Map, error) {
	doc.normalise()
	if err := doc.validate(); err != nil {
		return nil, fmt.Errorf("shard map of epoch %d: %w", doc.Epoch, err)
	}
	m := &Map{doc: doc, byName: map[string]int{}, byTable: map[string]int{}}
	for i, s := range doc.Shards {
		m.byName[s.Name] = i
	}
	for i, t := range doc.Tables {
		m.byTable[t.Name] = i
	}
	m.index = newIndex(doc.Ranges, doc.Pins)
	return m, nil
}

// Document is a deep copy of the map's data.
func (m *Map) Document() Document {
	d := m.doc
	d.Shards = slices.Clone(d.Shards)
	for i := range d.Shards {
		d.Shards[i].Replicas = slices.Clone(d.Shards[i].Replicas)
	}
	d.Ranges = cloneEntries(d.Ranges)
	d.Pins = cloneEntries(d.Pins)
	d.Tables = slices.Clone(d.Tables)
	return d
}

func cloneEntries(entries []Entry) []Entry {
	entries = slices.Clone(entries)
	for i, e := range entries {
		if e.Frozen != nil {
			f := *e.Frozen
			entries[i].Frozen = &f
		}
	}
	return entries
}

// Epoch is the map's version.
func (m *Map) Epoch() uint64 { return m.doc.Epoch }

// Cluster is the random id that init gave this map and its servers.
func (m *Map) Cluster() string { return m.doc.Cluster }

// Change says who made this map, when, and why.
func (m *Map) Change() Change { return m.doc.Change }

// Members says what member ids are in this map.
func (m *Map) Members() Members { return m.doc.Members }

// Len is the number of entries: ranges, then pins.
func (m *Map) Len() int { return len(m.doc.Ranges) + len(m.doc.Pins) }

// Entry is entry i of Len.
func (m *Map) Entry(i int) *Entry {
	if n := len(m.doc.Ranges); i >= n {
		return &m.doc.Pins[i-n]
	}
	return &m.doc.Ranges[i]
}

// Entries goes through all ranges in order, then all pins by member id.
func (m *Map) Entries() iter.Seq2[int, *Entry] {
	return func(yield func(int, *Entry) bool) {
		for i := range m.Len() {
			if !yield(i, m.Entry(i)) {
				return
			}
		}
	}
}

// Pins is the number of pinned members.
func (m *Map) Pins() int { return len(m.doc.Pins) }

// Shards goes through the shards by name.
func (m *Map) Shards() iter.Seq[Shard] { return slices.Values(m.doc.Shards) }

// Shard is the shard of that name.
func (m *Map) Shard(name string) (Shard, bool) {
	i, ok := m.byName[name]
	if !ok {
		return Shard{}, false
	}
	return m.doc.Shards[i], true
}

// Tables goes through the table catalogue by name.
func (m *Map) Tables() iter.Seq[Table] { return slices.Values(m.doc.Tables) }

// Table is the catalogue's line for a table, whose name is compared exactly.
func (m *Map) Table(name string) (Table, bool) {
	i, ok := m.byTable[name]
	if !ok {
		return Table{}, false
	}
	return m.doc.Tables[i], true
}

// find is the place of the entry with exactly that span.
func (m *Map) find(s Span) (int, bool) {
	if s.IsPin() {
		i := m.index.find(s.Pin, s.Pin.KeyspaceID())
		return i, m.Entry(i).Span == s
	}
	i := m.index.rangeOf(s.Range.Start)
	return i, m.doc.Ranges[i].Span == s
}

// Find is the entry of exactly that span, or false when the map has none.
func (m *Map) Find(s Span) (Entry, bool) {
	i, ok := m.find(s)
	if !ok {
		return Entry{}, false
	}
	return *m.Entry(i), true
}
