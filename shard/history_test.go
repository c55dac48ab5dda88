package shard_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/berthdb/berth/shard"
)

// Any sequence of edits, most of them aimed at what is there, some at what is
// not: each either is refused and changes nothing, or gives a map in which
// every member has exactly one owner, and the same as before unless its span
// was frozen for the new one.
func TestAnyHistoryKeepsOwnership(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := history{m: drawFirst(t)}
		t.Repeat(map[string]func(*rapid.T){
			"cut":   func(t *rapid.T) { h.step(t, h.m.Cut, drawBorder(t)) },
			"join":  h.join,
			"pin":   func(t *rapid.T) { h.stepMember(t, (*shard.Map).Pin) },
			"unpin": func(t *rapid.T) { h.stepMember(t, (*shard.Map).Unpin) },
			"freeze": func(t *rapid.T) {
				f := freeze(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "to"), fmt.Sprintf("attempt %d", h.m.Epoch()))
				next, err := h.m.Freeze(change("freeze"), h.drawSpan(t), f)
				h.check(t, next, err)
			},
			"switch": func(t *rapid.T) { h.thaw(t, (*shard.Map).Switch) },
			"abort":  func(t *rapid.T) { h.thaw(t, (*shard.Map).Abort) },
		})
	})
}

type history struct{ m *shard.Map }

// drawFirst is a map of a few ranges and pins.
func drawFirst(t *rapid.T) *shard.Map {
	d := document()
	d.Ranges = nil
	for i, r := range shard.Deal(rapid.IntRange(1, 5).Draw(t, "ranges")) {
		d.Ranges = append(d.Ranges, shard.Entry{Span: shard.Span{Range: r}, Shard: string(rune('a' + i%3))})
	}
	m, err := shard.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The borders that get drawn are few, so that cuts and joins meet, and some
// are at a member's own keyspace id.
func drawBorder(t *rapid.T) shard.KeyspaceID {
	if rapid.Bool().Draw(t, "at a member") {
		return drawMember(t).KeyspaceID() + shard.KeyspaceID(rapid.IntRange(0, 1).Draw(t, "past"))
	}
	return shard.KeyspaceID(rapid.IntRange(0, 15).Draw(t, "border")) << 60
}

func drawMember(t *rapid.T) shard.Member {
	return shard.Int(rapid.Int64Range(-8, 24).Draw(t, "member"))
}

func (h *history) drawSpan(t *rapid.T) shard.Span {
	return h.m.Entry(rapid.IntRange(0, h.m.Len()-1).Draw(t, "entry")).Span
}

func (h *history) step(t *rapid.T, edit func(shard.Change, shard.KeyspaceID) (*shard.Map, error), k shard.KeyspaceID) {
	next, err := edit(change("cut"), k)
	h.check(t, next, err)
}

func (h *history) stepMember(t *rapid.T, edit func(*shard.Map, shard.Change, shard.Member) (*shard.Map, error)) {
	next, err := edit(h.m, change("pin"), drawMember(t))
	h.check(t, next, err)
}

func (h *history) join(t *rapid.T) {
	i := rapid.IntRange(0, h.m.Len()-h.m.Pins()-1).Draw(t, "low")
	low := h.m.Entry(i).Span.Range
	high := h.m.Entry(min(i+1, h.m.Len()-h.m.Pins()-1)).Span.Range
	next, err := h.m.Join(change("join"), low, high)
	h.check(t, next, err)
}

func (h *history) thaw(t *rapid.T, edit func(*shard.Map, shard.Change, shard.Span, string) (*shard.Map, error)) {
	s, attempt := h.drawSpan(t), "none"
	if e, _ := h.m.Find(s); e.Frozen != nil {
		attempt = e.Frozen.Attempt
	}
	next, err := edit(h.m, change("thaw"), s, attempt)
	h.check(t, next, err)
}

// check holds what an edit gave against the map it was made from, member by
// member, and goes on from there.
func (h *history) check(t *rapid.T, next *shard.Map, err error) {
	if err != nil {
		if next != nil {
			t.Fatalf("a refused edit gives a map: %v", err)
		}
		return
	}
	if next.Epoch() != h.m.Epoch()+1 {
		t.Fatalf("epoch %d follows %d", next.Epoch(), h.m.Epoch())
	}
	back, err := shard.Decode(next.Text())
	if err != nil || back.Digest() != next.Digest() {
		t.Fatalf("the map is not what its text says (%v):\n%s", err, next.Text())
	}
	for i := int64(-8); i <= 24; i++ {
		id := shard.Int(i)
		old, new := owner(t, h.m, id), owner(t, next, id)
		handedOver := old.Frozen != nil && old.Frozen.To == new.Shard && new.Frozen == nil && old.Span == new.Span
		if old.Shard != new.Shard && !handedOver {
			t.Fatalf("member %s goes from %+v to %+v", id, old, new)
		}
		if (old.Frozen != nil || new.Frozen != nil) && old.Span != new.Span {
			t.Fatalf("member %s goes from %s to %s in a freeze", id, old.Span, new.Span)
		}
	}
	for _, r := range pieces(next) {
		owners := 0
		for _, e := range next.Entries() {
			if !e.Span.IsPin() && e.Span.Range.Overlaps(r) {
				owners++
			}
		}
		if owners != 1 {
			t.Fatalf("piece %s has %d owners", r, owners)
		}
	}
	h.m = next
}

// owner is the one entry that a member belongs to, found without the index.
func owner(t *rapid.T, m *shard.Map, id shard.Member) shard.Entry {
	var found []shard.Entry
	for _, e := range m.Entries() {
		switch {
		case e.Span.IsPin() && e.Span.Pin == id:
			return *e
		case !e.Span.IsPin() && e.Span.Covers(id):
			found = append(found, *e)
		}
	}
	if len(found) != 1 {
		t.Fatalf("member %s belongs to %v", id, found)
	}
	return found[0]
}

// pieces are what all borders of the map, and a few more, cut the keyspace into.
func pieces(m *shard.Map) []shard.Range {
	out := shard.Deal(16)
	for _, e := range m.Entries() {
		for i, r := range out {
			if low, high, err := r.Split(e.Span.Range.Start); err == nil && !e.Span.IsPin() {
				out[i] = low
				out = append(out, high)
				break
			}
		}
	}
	return out
}
