package shard

import (
	"fmt"
	"slices"
)

// edit makes the next map: a copy of the document, one epoch on, changed by
// fn, then checked by itself and against m.
func (m *Map) edit(c Change, fn func(*Document) error) (*Map, error) {
	d := m.Document()
	d.Epoch++
	d.Change = c
	if err := fn(&d); err != nil {
		return nil, err
	}
	next, err := New(d)
	if err != nil {
		return nil, err
	}
	if err := m.CheckNext(next); err != nil {
		return nil, err
	}
	return next, nil
}

// entry finds the entry of exactly that span in the document.
func (d *Document) entry(s Span) (*Entry, error) {
	entries := d.Ranges
	if s.IsPin() {
		entries = d.Pins
	}
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Span == s })
	if i < 0 {
		return nil, fmt.Errorf("the map of epoch %d has no entry %s", d.Epoch-1, s)
	}
	return &entries[i], nil
}

func (d *Document) shard(name string) (*Shard, error) {
	i := slices.IndexFunc(d.Shards, func(s Shard) bool { return s.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("the map of epoch %d has no shard %q", d.Epoch-1, name)
	}
	return &d.Shards[i], nil
}

// Cut makes two ranges, on the same shard, of the one that holds k.
func (m *Map) Cut(c Change, k KeyspaceID) (*Map, error) {
	return m.edit(c, func(d *Document) error {
		i := m.index.rangeOf(k)
		low, high, err := d.Ranges[i].Span.Range.Split(k)
		if err != nil {
			return err
		}
		upper := d.Ranges[i]
		d.Ranges[i].Span.Range, upper.Span.Range = low, high
		d.Ranges = slices.Insert(d.Ranges, i+1, upper)
		return nil
	})
}

// Join makes one range of two neighbours that the same shard owns.
func (m *Map) Join(c Change, low, high Range) (*Map, error) {
	return m.edit(c, func(d *Document) error {
		a, err := d.entry(Span{Range: low})
		if err != nil {
			return err
		}
		b, err := d.entry(Span{Range: high})
		if err != nil {
			return err
		}
		if low.End == 0 || low.End != high.Start {
			return fmt.Errorf("ranges %s and %s are not neighbours in this order", low, high)
		}
		if a.Shard != b.Shard {
			return fmt.Errorf("range %s is on shard %s and %s on %s: move one of them first", low, a.Shard, high, b.Shard)
		}
		a.Span.Range.End = high.End
		d.Ranges = slices.DeleteFunc(d.Ranges, func(e Entry) bool { return e.Span.Range == high })
		return nil
	})
}

// Pin names the member's present home explicitly; a freeze and a switch of the
// pin then move it.
func (m *Map) Pin(c Change, id Member) (*Map, error) {
	return m.edit(c, func(d *Document) error {
		if err := d.Members.Type.Check(id); err != nil {
			return err
		}
		home := m.Entry(m.Lookup(id))
		if home.Span.IsPin() {
			return fmt.Errorf("member %s is pinned already, to shard %s", id, home.Shard)
		}
		d.Pins = append(d.Pins, Entry{Span: Span{Pin: id}, Shard: home.Shard})
		return nil
	})
}

// Unpin takes away the pin of a member that is on the shard its range names.
func (m *Map) Unpin(c Change, id Member) (*Map, error) {
	return m.edit(c, func(d *Document) error {
		pin, ok := m.Find(Span{Pin: id})
		if !ok || id.IsZero() {
			return fmt.Errorf("member %s is not pinned", id)
		}
		if home := m.Entry(m.index.rangeOf(id.KeyspaceID())); home.Shard != pin.Shard {
			return fmt.Errorf("member %s is pinned to shard %s and its range %s is on %s: move the member there first",
				id, pin.Shard, home.Span, home.Shard)
		}
		d.Pins = slices.DeleteFunc(d.Pins, func(e Entry) bool { return e.Span.Pin == id })
		return nil
	})
}

// Freeze stops the span on its owner, to be handed over as f says.
func (m *Map) Freeze(c Change, s Span, f Freeze) (*Map, error) {
	return m.edit(c, func(d *Document) error {
		e, err := d.entry(s)
		if err != nil {
			return err
		}
		if e.Frozen != nil {
			return fmt.Errorf("%s is frozen by attempt %s already", s, e.Frozen.Attempt)
		}
		e.Frozen = &f
		return nil
	})
}

// Switch ends the freeze of that attempt with the new owner.
func (m *Map) Switch(c Change, s Span, attempt string) (*Map, error) {
	return m.thaw(c, s, attempt, func(e *Entry) { e.Shard = e.Frozen.To })
}

// Abort ends the freeze of that attempt with the old owner.
func (m *Map) Abort(c Change, s Span, attempt string) (*Map, error) {
	return m.thaw(c, s, attempt, func(*Entry) {})
}

func (m *Map) thaw(c Change, s Span, attempt string, fn func(*Entry)) (*Map, error) {
	return m.edit(c, func(d *Document) error {
		e, err := d.entry(s)
		if err != nil {
			return err
		}
		if e.Frozen == nil || e.Frozen.Attempt != attempt {
			return fmt.Errorf("%s is not frozen by attempt %s", s, attempt)
		}
		fn(e)
		e.Frozen = nil
		return nil
	})
}

// AddShard adds a shard, which owns nothing yet.
func (m *Map) AddShard(c Change, s Shard) (*Map, error) {
	return m.edit(c, func(d *Document) error {
		s.Replicas = slices.Clone(s.Replicas) // the caller's stays the caller's
		d.Shards = append(d.Shards, s)
		return nil
	})
}

// SetShard replaces the shard of that name: its servers, weight or draining.
func (m *Map) SetShard(c Change, s Shard) (*Map, error) {
	return m.edit(c, func(d *Document) error {
		old, err := d.shard(s.Name)
		if err != nil {
			return err
		}
		*old = s
		old.Replicas = slices.Clone(s.Replicas) // the caller's stays the caller's
		return nil
	})
}

// RemoveShard removes a shard that owns nothing.
func (m *Map) RemoveShard(c Change, name string) (*Map, error) {
	return m.edit(c, func(d *Document) error {
		if _, err := d.shard(name); err != nil {
			return err
		}
		for _, e := range m.Entries() {
			if e.Shard == name || (e.Frozen != nil && e.Frozen.To == name) {
				return fmt.Errorf("shard %s owns %s: move it to another shard first", name, e.Span)
			}
		}
		for _, t := range d.Tables {
			if t.Kind == Global && t.Shard == name {
				return fmt.Errorf("global table %s lives on shard %s: set another shard for it first", t.Name, name)
			}
		}
		d.Shards = slices.DeleteFunc(d.Shards, func(s Shard) bool { return s.Name == name })
		return nil
	})
}

// SetTables adds lines to the table catalogue, or replaces those of the same name.
func (m *Map) SetTables(c Change, tables ...Table) (*Map, error) {
	return m.edit(c, func(d *Document) error {
		for _, t := range tables {
			i := slices.IndexFunc(d.Tables, func(o Table) bool { return o.Name == t.Name })
			if i < 0 {
				d.Tables = append(d.Tables, t)
			} else {
				d.Tables[i] = t
			}
		}
		return nil
	})
}

// RemoveTable takes a table out of the catalogue.
func (m *Map) RemoveTable(c Change, name string) (*Map, error) {
	return m.edit(c, func(d *Document) error {
		n := len(d.Tables)
		d.Tables = slices.DeleteFunc(d.Tables, func(t Table) bool { return t.Name == name })
		if len(d.Tables) == n {
			return fmt.Errorf("the map of epoch %d has no table %q", m.Epoch(), name)
		}
		return nil
	})
}
