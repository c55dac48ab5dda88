package storetest

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
)

// By is a change for a map's history.
func By(action string) shard.Change {
	return shard.Change{Author: "storetest", Time: time.Now(), Action: action}
}

// First is a map of epoch 1 of a cluster of that id, with two shards.
func First(t testing.TB, cluster string) *shard.Map {
	t.Helper()
	m, err := shard.New(document(cluster))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func document(cluster string) shard.Document {
	const half = 0x80 << 56
	return shard.Document{
		Format:  shard.Format,
		Cluster: cluster,
		Epoch:   1,
		Change:  By("init"),
		Members: shard.Members{Type: shard.String, Column: "member_id"},
		Shards: []shard.Shard{
			{Name: "a", Database: "app", Primary: shard.Instance{Address: "192.0.2.1:3306"}},
			{Name: "b", Database: "app", Primary: shard.Instance{Address: "192.0.2.2:3306"}},
		},
		Ranges: []shard.Entry{
			{Span: shard.Span{Range: shard.Range{End: half}}, Shard: "a"},
			{Span: shard.Span{Range: shard.Range{Start: half}}, Shard: "b"},
		},
	}
}

// Pinned is a map of epoch 1 with so many pins, of names that hardly
// compress: 12,000 make more than half of what a store holds, 30,000 more than
// it holds.
func Pinned(t testing.TB, cluster string, pins int) *shard.Map {
	t.Helper()
	d := document(cluster)
	for i := range pins {
		id, err := shard.ParseMember(fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, i))))
		if err != nil {
			t.Fatal(err)
		}
		d.Pins = append(d.Pins, shard.Entry{Span: shard.Span{Pin: id}, Shard: "a"})
	}
	m, err := shard.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Next is a map that may follow m; the note is in its change.
func Next(t testing.TB, m *shard.Map, note string) *shard.Map {
	t.Helper()
	next, err := NextMap(m, note)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// NextMap is Next for other goroutines than the test's own.
func NextMap(m *shard.Map, note string) (*shard.Map, error) {
	a, _ := m.Shard("a")
	a.Weight = int(m.Epoch()%1000) + 1
	return m.SetShard(By(note), a)
}
