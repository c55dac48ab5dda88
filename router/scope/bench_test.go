package scope_test

import (
	"testing"

	"github.com/berthdb/berth/shard"
)

const benchmarked = "SELECT id, name, email, created_at FROM contacts WHERE member_id = ? AND id = ?"

// BenchmarkHotPath is what each execution of a known statement costs: Parse,
// Scope and Member together.
func BenchmarkHotPath(b *testing.B) {
	p, c := newParser(b), catalogue(b, shard.Integer)
	values := args(int64(42), int64(7))
	b.ReportAllocs()
	for b.Loop() {
		stmt, err := p.Parse(benchmarked)
		if err != nil {
			b.Fatal(err)
		}
		s, err := stmt.Scope(c)
		if err != nil {
			b.Fatal(err)
		}
		if m, err := s.Member(values); err != nil || m != shard.Int(42) {
			b.Fatal(m, err)
		}
	}
}

// BenchmarkFirstTime is what a statement costs that was never seen.
func BenchmarkFirstTime(b *testing.B) {
	c := catalogue(b, shard.Integer)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := member(newParser(b), c, benchmarked, int64(42), int64(7)); err != nil {
			b.Fatal(err)
		}
	}
}

// TestHotPathDoesNotAllocate holds the bar that the benchmark shows.
func TestHotPathDoesNotAllocate(t *testing.T) {
	p, c := newParser(t), catalogue(t, shard.Integer)
	values := args(int64(42), int64(7))
	allocations := testing.AllocsPerRun(100, func() {
		stmt, err := p.Parse(benchmarked)
		if err != nil {
			t.Fatal(err)
		}
		s, err := stmt.Scope(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Member(values); err != nil {
			t.Fatal(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations for a known statement, want none", allocations)
	}
}
