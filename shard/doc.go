// Package shard is the domain: member ids, the keyspace, and the map that
// gives every member its home. It holds values and rules only, and knows
// neither the network nor database/sql.
//
// A member id is hashed to a keyspace id of 8 bytes, the same that Vitess's
// xxhash vindex makes of it. The map deals the keyspace out to shards in
// ranges that leave no gap, and a pin gives a single member a home of its own:
//
//	m, err := shard.New(shard.Document{
//		Format:  shard.Format,
//		Cluster: "2f0c",
//		Epoch:   1,
//		Members: shard.Members{Type: shard.Integer, Column: "member_id"},
//		Shards: []shard.Shard{
//			{Name: "a", Database: "app", Primary: shard.Instance{Address: "10.0.0.1:3306"}},
//			{Name: "b", Database: "app", Primary: shard.Instance{Address: "10.0.0.2:3306"}},
//		},
//		Ranges: []shard.Entry{
//			{Span: shard.Span{Range: shard.Range{End: 0x80 << 56}}, Shard: "a"},
//			{Span: shard.Span{Range: shard.Range{Start: 0x80 << 56}}, Shard: "b"},
//		},
//	})
//	home, err := m.Home(shard.Int(42)) // home.Shard.Name is "a" or "b"
//
// A Map never changes. Cut, Pin, Freeze, Switch and the other edits give the
// next one, with the epoch one higher, and refuse what may not follow
// (CheckNext): above all, no member changes its owner without having been
// frozen for the new one first. A Store keeps the current map and swaps it for
// the next by compare-and-swap.
//
// # Caveats
//
// The canonical bytes of a member id are its text: the integer 42 and the
// string "42" are one member. A map's members are either all integers or all
// strings, since MySQL's comparisons across the two find rows that the hash
// does not; string member columns need a binary collation for the same reason.
package shard
