package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
)

const (
	lookupRanges = 4096
	lookupPins   = 10_000
	lookupRounds = 5 // of testing's own second each

	lookupBar = 25.0 // ns
)

// lookupResult is the hot path of routing, hash included.
type lookupResult struct {
	Ranges int     `json:"ranges"`
	Pins   int     `json:"pins"`
	Least  float64 `json:"ns_least"`
	Median float64 `json:"ns_median"`
	Allocs int64   `json:"allocations"`
}

// measureLookup times lookups of members in an order that the branch predictor
// can't learn, one in eight of them pinned.
func measureLookup(ctx context.Context, _ options) (section, error) {
	doc := lookupDocument()
	m, err := shard.New(doc)
	if err != nil {
		return nil, err
	}
	const ids = 1 << 15
	members := make([]shard.Member, ids)
	for i := range members {
		members[i] = shard.Int(int64(i) * 2_654_435_761 % 1_000_003)
		if i%8 == 0 {
			members[i] = doc.Pins[i*7%lookupPins].Span.Pin
		}
	}
	got := lookupResult{Ranges: lookupRanges, Pins: lookupPins}
	var times []float64
	for range lookupRounds {
		sum := 0
		res := testing.Benchmark(func(tb *testing.B) {
			tb.ReportAllocs()
			for i := 0; tb.Loop(); i++ {
				sum += m.Lookup(members[i%ids])
			}
		})
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		times = append(times, float64(res.T.Nanoseconds())/float64(res.N))
		got.Allocs = max(got.Allocs, res.AllocsPerOp())
	}
	got.Least, got.Median = slices.Min(times), median(times)
	return got, nil
}

// lookupDocument is a map of 16 shards.
func lookupDocument() shard.Document {
	doc := shard.Document{
		Format: shard.Format, Cluster: "bench", Epoch: 1,
		Change:  shard.Change{Author: "bench", Time: time.Now(), Action: "bench"},
		Members: shard.Members{Type: shard.Integer, Column: "member_id"},
	}
	for i := range 16 {
		doc.Shards = append(doc.Shards, shard.Shard{
			Name: fmt.Sprintf("s%02d", i), Database: "app", Primary: shard.Instance{Address: fmt.Sprintf("10.0.0.%d:3306", i+1)},
		})
	}
	for i, r := range shard.Deal(lookupRanges) {
		doc.Ranges = append(doc.Ranges, shard.Entry{Span: shard.Span{Range: r}, Shard: doc.Shards[i%16].Name})
	}
	for i := range lookupPins {
		doc.Pins = append(doc.Pins, shard.Entry{Span: shard.Span{Pin: shard.Int(int64(i) * 7919)}, Shard: doc.Shards[i%16].Name})
	}
	return doc
}

func (r lookupResult) print(w io.Writer) {
	fmt.Fprintf(w, "Lookup in a map of %d ranges and %d pins, hash included\n  %.1f ns (median %.1f ns) and %s   bar: %.0f ns, none   %s\n",
		r.Ranges, r.Pins, r.Least, r.Median, allocations(r.Allocs), lookupBar, verdict(r.Least <= lookupBar && r.Allocs == 0))
}

func allocations(n int64) string {
	if n == 0 {
		return "no allocation"
	}
	return fmt.Sprintf("%d allocations", n)
}

// verdict is how a figure stands to its bar.
func verdict(met bool) string {
	if met {
		return "met"
	}
	return "MISSED"
}
