package main

import (
	"github.com/spf13/cobra"
)

func newTable(a *app) *cobra.Command {
	return group("table", "The table catalogue: which tables are sharded, reference, global",
		`The catalogue says of which kind each table is:

  sharded    has the member column; a row lives on its member's shard
  reference  small, the same on all shards
  global     lives on one named shard`,
		"  berth table list\n  berth table set contacts --kind sharded",
		newTableList(a), newTableSet(a), newTableRemove(a))
}
