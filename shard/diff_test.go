package shard_test

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

func TestDiff(t *testing.T) {
	a := mustMap(t, document())
	d := document()
	d.Epoch++
	f := freeze("c", "job1/1")
	d.Shards[0].Primary, d.Shards[0].Replicas = d.Shards[0].Replicas[0], nil
	d.Shards[1].Weight, d.Shards[1].Draining = 2, true
	d.Shards[2].Name = "d"
	f.To = "d"
	d.Ranges[0].Frozen = &f
	d.Ranges[1].Span = span("80-c0")
	d.Ranges = append(d.Ranges, shard.Entry{Span: span("c0-"), Shard: "b"})
	d.Pins[0].Span = span("member:8")
	d.Tables[0].MemberColumn = "owner"
	d.Tables[1] = shard.Table{Name: "messages", Kind: shard.Sharded, MemberColumn: "source"}
	var lines strings.Builder
	for _, x := range shard.Diff(a, mustMap(t, d)) {
		lines.WriteString(x.String() + "\n")
	}
	golden(t, "diff.txt", []byte(lines.String()))
	if same := shard.Diff(a, a); len(same) != 0 {
		t.Errorf("a map differs from itself: %v", same)
	}
}
