package shard_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthdb/berth/shard"
)

// model is the lookup without any index: the pin if there is one, else the
// one range that contains the keyspace id.
func model(t testing.TB, m *shard.Map, id shard.Member) int {
	t.Helper()
	found := -1
	for i, e := range m.Entries() {
		switch {
		case !e.Span.Covers(id):
		case e.Span.IsPin():
			return i
		case found >= 0:
			t.Fatalf("member %s lies in both %s and %s", id, m.Entry(found).Span, e.Span)
		default:
			found = i
		}
	}
	if found < 0 {
		t.Fatalf("member %s lies in no range", id)
	}
	return found
}

func checkLookup(t testing.TB, m *shard.Map, id shard.Member) {
	t.Helper()
	if got, want := m.Lookup(id), model(t, m, id); got != want {
		t.Fatalf("member %s (%s) is looked up in entry %d, %s; it lives in %d, %s",
			id, id.KeyspaceID(), got, m.Entry(got).Span, want, m.Entry(want).Span)
	}
}

func TestLookupInLargestMap(t *testing.T) {
	m := largest(t)
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		checkLookup(t, m, shard.Int(r.Int64()))
		checkLookup(t, m, mustMember(t, uuid(r)))
	}
	for i, e := range m.Entries() {
		if e.Span.IsPin() && m.Lookup(e.Span.Pin) != i {
			t.Fatalf("pin %s is looked up in entry %d, not %d", e.Span.Pin, m.Lookup(e.Span.Pin), i)
		}
	}
}

// Ranges that all lie in one bucket of the index, and ones a single keyspace
// id wide, at the borders of the keyspace and of a member's own id.
func TestLookupInNarrowRanges(t *testing.T) {
	id := shard.Int(42)
	k := id.KeyspaceID()
	borders := []shard.KeyspaceID{1, 2, 3, k - 1, k, k + 1, k + 2, 1<<64 - 2, 1<<64 - 1}
	slices.Sort(borders)
	d := document()
	d.Pins, d.Ranges = nil, nil
	var start shard.KeyspaceID
	for i, b := range append(borders, 0) {
		d.Ranges = append(d.Ranges, shard.Entry{Span: shard.Span{Range: shard.Range{Start: start, End: b}}, Shard: string(rune('a' + i%3))})
		start = b
	}
	m := mustMap(t, d)
	for i := range int64(2000) {
		checkLookup(t, m, shard.Int(i))
	}
	if r := m.Entry(m.Lookup(id)).Span.Range; r != (shard.Range{Start: k, End: k + 1}) {
		t.Errorf("member 42 lies in %s, not in the range of its own id alone", r)
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	m := largest(t)
	ids := mixedIDs(t, m)
	if n := testing.AllocsPerRun(10, func() {
		for _, id := range ids {
			m.Lookup(id)
		}
	}); n != 0 {
		t.Errorf("%d lookups make %v allocations", len(ids), n)
	}
}

func TestHome(t *testing.T) {
	d := document()
	f := freeze("c", "job1/1")
	d.Pins[1].Frozen = &f // of member -7
	m := mustMap(t, d)
	a, _ := m.Shard("a")
	b, _ := m.Shard("b")
	for _, tc := range []struct {
		id   string
		want shard.Home
	}{
		{"1", shard.Home{KeyspaceID: 0xd46405367612b4b7, Range: span("80-").Range, Shard: b}},
		{"10", shard.Home{KeyspaceID: 0x177fb0a30e55484b, Range: span("-80").Range, Shard: a}},
		{"7", shard.Home{KeyspaceID: 0xb77a0da0b6524a18, Range: span("80-").Range, Shard: b, Pinned: true}},
		{"-7", shard.Home{KeyspaceID: 0x8f1941adc6c04e0c, Range: span("80-").Range, Shard: a, Pinned: true, Frozen: &f}},
	} {
		tc.want.Member, tc.want.Epoch = mustMember(t, tc.id), 7
		got, err := m.Home(tc.want.Member)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, got, cmp.Comparer(func(a, b shard.Member) bool { return a == b })); diff != "" {
			t.Errorf("home of %s (-want +got):\n%s", tc.id, diff)
		}
	}
	for _, id := range []shard.Member{{}, mustMember(t, "042")} {
		if h, err := m.Home(id); err == nil {
			t.Errorf("member %q, which is no integer, has the home %+v", id, h)
		}
	}
}

func FuzzLookup(f *testing.F) {
	f.Add(uint64(1), uint8(1), uint8(0), "42")
	f.Add(uint64(2), uint8(200), uint8(200), "b1946ac9-2492-4d23-8ec1-000000000001")
	f.Fuzz(func(t *testing.T, seed uint64, ranges, pins uint8, text string) {
		id, err := shard.ParseMember(text)
		if err != nil {
			return
		}
		m := randomMap(t, rand.New(rand.NewPCG(seed, 1)), int(ranges), int(pins), id)
		checkLookup(t, m, id)
		for _, e := range m.Entries() {
			if e.Span.IsPin() {
				checkLookup(t, m, e.Span.Pin)
			}
		}
		for i := range int64(50) {
			checkLookup(t, m, shard.Int(i))
		}
	})
}

// randomMap has that many random borders, some of them next to the keyspace id
// of id, and that many pins, of which id may be one.
func randomMap(t testing.TB, r *rand.Rand, borders, pins int, id shard.Member) *shard.Map {
	t.Helper()
	d := document()
	d.Members.Type = shard.String
	d.Ranges, d.Pins = nil, nil
	name := func() string { return d.Shards[r.IntN(3)].Name }
	cuts := []shard.KeyspaceID{0}
	for range borders {
		cut := shard.KeyspaceID(r.Uint64() >> r.IntN(60))
		if r.IntN(4) == 0 {
			cut = id.KeyspaceID() + shard.KeyspaceID(r.IntN(5)) - 2
		}
		cuts = append(cuts, cut)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for i, c := range cuts {
		rg := shard.Range{Start: c}
		if i+1 < len(cuts) {
			rg.End = cuts[i+1]
		}
		d.Ranges = append(d.Ranges, shard.Entry{Span: shard.Span{Range: rg}, Shard: name()})
	}
	pinned := map[shard.Member]bool{}
	for range pins {
		pin := shard.Int(int64(r.IntN(100)))
		if r.IntN(20) == 0 {
			pin = id
		}
		if !pinned[pin] {
			pinned[pin] = true
			d.Pins = append(d.Pins, shard.Entry{Span: shard.Span{Pin: pin}, Shard: name()})
		}
	}
	return mustMap(t, d)
}

// mixedIDs are integers and UUIDs in turn, one in eight of them pinned.
func mixedIDs(t testing.TB, m *shard.Map) []shard.Member {
	r := rand.New(rand.NewPCG(5, 6))
	ids := make([]shard.Member, 1<<15) // too many for a branch predictor to learn
	for i := range ids {
		switch {
		case i%8 == 0:
			ids[i] = m.Entry(m.Len() - 1 - r.IntN(m.Pins())).Span.Pin
		case i%2 == 0:
			ids[i] = mustMember(t, uuid(r))
		default:
			ids[i] = shard.Int(r.Int64N(1 << 40))
		}
	}
	return ids
}

// The bar is 25 ns and no allocation, hash included.
func BenchmarkLookup(b *testing.B) {
	m := largest(b)
	all := mixedIDs(b, m)
	var integers, texts []shard.Member
	for _, id := range all {
		if id.IsInteger() {
			integers = append(integers, id)
		} else {
			texts = append(texts, id)
		}
	}
	for _, tc := range []struct {
		name string
		ids  []shard.Member
	}{{"mixed", all}, {"integers", integers}, {"texts", texts}} {
		b.Run(tc.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				m.Lookup(tc.ids[i])
				if i++; i == len(tc.ids) {
					i = 0
				}
			}
		})
	}
}
