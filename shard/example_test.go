package shard_test

import (
	"fmt"

	"github.com/berthdb/berth/shard"
)

// The package's own example, and what follows from it: member 42 moves.
func Example() {
	m, err := shard.New(shard.Document{
		Format:  shard.Format,
		Cluster: "2f0c",
		Epoch:   1,
		Members: shard.Members{Type: shard.Integer, Column: "member_id"},
		Shards: []shard.Shard{
			{Name: "a", Database: "app", Primary: shard.Instance{Address: "10.0.0.1:3306"}},
			{Name: "b", Database: "app", Primary: shard.Instance{Address: "10.0.0.2:3306"}},
		},
		Ranges: []shard.Entry{
			{Span: shard.Span{Range: shard.Range{End: 0x80 << 56}}, Shard: "a"},
			{Span: shard.Span{Range: shard.Range{Start: 0x80 << 56}}, Shard: "b"},
		},
	})
	if err != nil {
		panic(err)
	}
	show := func() {
		home, err := m.Home(shard.Int(42))
		if err != nil {
			panic(err)
		}
		fmt.Println("epoch", home.Epoch, "member", home.Member, "keyspace id", home.KeyspaceID, "shard", home.Shard.Name, "pinned", home.Pinned)
	}
	show()

	c := shard.Change{Author: "dba", Action: "move --member 42"}
	pin := shard.Span{Pin: shard.Int(42)}
	for _, edit := range []func() (*shard.Map, error){
		func() (*shard.Map, error) { return m.Pin(c, pin.Pin) },
		func() (*shard.Map, error) { return m.Freeze(c, pin, freeze("a", "1")) },
		func() (*shard.Map, error) { return m.Switch(c, pin, "1") },
	} {
		if m, err = edit(); err != nil {
			panic(err)
		}
	}
	show()
	// Output:
	// epoch 1 member 42 keyspace id b942d776d0f5e66d shard b pinned false
	// epoch 4 member 42 keyspace id b942d776d0f5e66d shard a pinned true
}
