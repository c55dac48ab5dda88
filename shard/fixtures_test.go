package shard_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
)

// at is the time of every change that a test makes.
func at() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

// change is who made a map in these tests.
func change(action string) shard.Change {
	return shard.Change{Author: "dba@db1", Time: at(), Action: action}
}

// freeze is a freeze for that shard.
func freeze(to, attempt string) shard.Freeze {
	return shard.Freeze{To: to, Attempt: attempt, Deadline: at().Add(30 * time.Second)}
}

// document is a small valid map: shards a, b and c, two ranges, two pins and a
// table of each kind.
func document() shard.Document {
	return shard.Document{
		Format:  shard.Format,
		Cluster: "2f0c9a",
		Epoch:   7,
		Change:  change("test"),
		Members: shard.Members{Type: shard.Integer, Column: "member_id"},
		Shards: []shard.Shard{
			{Name: "a", Database: "app", Primary: shard.Instance{Address: "10.0.0.1:3306", UUID: "6f1d"}, Replicas: []shard.Instance{{Address: "10.0.1.1:3306"}}},
			{Name: "b", Database: "app", Primary: shard.Instance{Address: "10.0.0.2:3306"}},
			{Name: "c", Database: "app", Primary: shard.Instance{Address: "[fd00::3]:3306"}},
		},
		Ranges: []shard.Entry{
			{Span: span("-80"), Shard: "a"},
			{Span: span("80-"), Shard: "b"},
		},
		Pins: []shard.Entry{
			{Span: span("member:7"), Shard: "b"},
			{Span: span("member:-7"), Shard: "a"},
		},
		Tables: []shard.Table{
			{Name: "contacts", Kind: shard.Sharded, MemberColumn: "member_id"},
			{Name: "countries", Kind: shard.Reference},
			{Name: "settings", Kind: shard.Global, Shard: "a"},
		},
	}
}

// span is a span that is known to be well formed.
func span(s string) shard.Span {
	sp, err := shard.ParseSpan(s)
	if err != nil {
		panic(err)
	}
	return sp
}

func mustMap(t testing.TB, d shard.Document) *shard.Map {
	t.Helper()
	m, err := shard.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustMember(t testing.TB, s string) shard.Member {
	t.Helper()
	m, err := shard.ParseMember(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// uuid is a text like the string ids that applications use.
func uuid(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&(1<<48-1))
}

// largest is a map as large as one has to be: 4,096 ranges of unequal size
// and 10,000 pins, half integers and half UUIDs, over 64 shards.
func largest(t testing.TB) *shard.Map {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	d := document()
	d.Members.Type = shard.String
	d.Shards, d.Ranges, d.Pins, d.Tables = nil, nil, nil, nil
	for i := range 64 {
		d.Shards = append(d.Shards, shard.Shard{
			Name: fmt.Sprintf("shard-%02d", i), Database: "app",
			Primary: shard.Instance{Address: fmt.Sprintf("10.0.0.%d:3306", i+1), UUID: uuid(r)},
		})
	}
	name := func() string { return d.Shards[r.IntN(len(d.Shards))].Name }
	for i, rg := range shard.Deal(4096) {
		if i > 0 { // unequal: each border is moved by up to half a range
			rg.Start += shard.KeyspaceID(r.Uint64N(1 << 51))
			d.Ranges[i-1].Span.Range.End = rg.Start
		}
		d.Ranges = append(d.Ranges, shard.Entry{Span: shard.Span{Range: rg}, Shard: name()})
	}
	for i := range 10_000 {
		id := shard.Uint(r.Uint64N(1 << 40))
		if i%2 == 0 {
			id = mustMember(t, uuid(r))
		}
		d.Pins = append(d.Pins, shard.Entry{Span: shard.Span{Pin: id}, Shard: name()})
	}
	return mustMap(t, d)
}
