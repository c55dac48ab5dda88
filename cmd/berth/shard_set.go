package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newShardSet(a *app) *cobra.Command {
	var weight int
	var draining bool
	cmd := &cobra.Command{
		Use: "set NAME [--weight N] [--draining]", Short: "Set a shard's fair share, or have it emptied",
		Long:              "Set a shard's fair share relative to the others, or mark it for berth rebalance to move everything off it. By itself this moves nothing.",
		Example:           "  berth shard set b --weight 2\n  berth shard set a --draining\n  berth shard set a --draining=false",
		Args:              arguments(1, 1),
		ValidArgsFunction: a.fromMap(1, shardNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			sets := cmd.Flags().Changed
			if !sets("weight") && !sets("draining") {
				return misuse("shard set %s: say what to set, --weight or --draining", args[0])
			}
			if sets("weight") && weight < 1 {
				return misuse("--weight %d: write 1 or more", weight)
			}
			c, m, err := a.current(cmd.Context())
			if err != nil {
				return err
			}
			defer c.close()
			s, ok := m.Shard(args[0])
			if !ok {
				return noShard(m, args[0])
			}
			action := "shard set " + s.Name
			if sets("weight") {
				s.Weight = weight
				action += fmt.Sprintf(" --weight %d", weight)
			}
			if sets("draining") {
				s.Draining = draining
				action += fmt.Sprintf(" --draining=%t", draining)
			}
			next, err := m.SetShard(a.change("%s", action), s)
			if err != nil {
				return err
			}
			return a.edit(cmd.Context(), c, m, next)
		},
	}
	cmd.Flags().IntVar(&weight, "weight", 1, "its fair share, relative to the other shards")
	cmd.Flags().BoolVar(&draining, "draining", false, "whether everything is to be moved off it")
	a.dryRunFlag(cmd)
	return cmd
}
