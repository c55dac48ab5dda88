package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
)

// lookup times the hot path of routing, hash included, over ids that the
// branch predictor can't learn.
func (b *bench) lookup(context.Context) error {
	const ranges, pins, ids = 4096, 10_000, 1 << 15
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
	for i, r := range shard.Deal(ranges) {
		doc.Ranges = append(doc.Ranges, shard.Entry{Span: shard.Span{Range: r}, Shard: doc.Shards[i%16].Name})
	}
	for i := range pins {
		doc.Pins = append(doc.Pins, shard.Entry{Span: shard.Span{Pin: shard.Int(int64(i) * 7919)}, Shard: doc.Shards[i%16].Name})
	}
	m, err := shard.New(doc)
	if err != nil {
		return err
	}
	members := make([]shard.Member, ids)
	for i := range members {
		members[i] = shard.Int(int64(i) * 2_654_435_761 % 1_000_003)
		if i%8 == 0 {
			members[i] = doc.Pins[i%pins].Span.Pin
		}
	}
	var times []float64
	var allocs int64
	for range b.rounds {
		sum := 0
		res := testing.Benchmark(func(tb *testing.B) {
			tb.ReportAllocs()
			for i := 0; tb.Loop(); i++ {
				sum += m.Lookup(members[i%ids])
			}
		})
		times = append(times, float64(res.T.Nanoseconds())/float64(res.N))
		allocs = res.AllocsPerOp()
	}
	fmt.Fprintf(b.out, "\nlookup, %d ranges and %d pins, hash included: %.1f ns, %d allocations (bar: 25 ns, 0)\n", ranges, pins, median(times), allocs)
	return nil
}
