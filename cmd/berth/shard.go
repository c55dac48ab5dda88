package main

import (
	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

func newShard(a *app) *cobra.Command {
	return group("shard", "The shards and their servers",
		"A shard is a named set of MySQL servers that hold the same data: one primary, any number of replicas.",
		"  berth shard list\n  berth shard add c 10.0.0.3:3306/app\n  berth shard instance add c 10.0.0.4:3306",
		newShardList(a), newShardAdd(a), newShardSet(a), newShardRemove(a), newShardInstance(a))
}

// owned is what a shard owns.
type owned struct {
	ranges, pins int
	share        float64 // of the keyspace
}

func ownership(m *shard.Map) map[string]owned {
	all := map[string]owned{}
	for _, e := range m.Entries() {
		o := all[e.Shard]
		if e.Span.IsPin() {
			o.pins++
		} else {
			o.ranges++
			o.share += e.Span.Range.Size()
		}
		all[e.Shard] = o
	}
	return all
}
