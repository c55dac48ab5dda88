package main

import (
	"github.com/spf13/cobra"
)

func newMap(a *app) *cobra.Command {
	return group("map", "Look at the map: who owns what, and how it came about",
		"The map says which shard owns every range of the keyspace and every pinned member, which servers the shards have, and of which kind the tables are.",
		"  berth map show\n  berth map lookup 42\n  berth map diff 7 8",
		newMapShow(a), newMapLookup(a), newMapHistory(a), newMapDiff(a), newMapExport(a), newMapRestore(a))
}
