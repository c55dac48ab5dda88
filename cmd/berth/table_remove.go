package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
)

func newTableRemove(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove TABLE", Short: "Take a table out of the catalogue",
		Long:              "Take a table out of the catalogue. The table itself stays where it is; statements that name it are refused from then on, and moves leave it behind.",
		Example:           "  berth table remove contacts --dry-run",
		Args:              arguments(1, 1),
		ValidArgsFunction: a.fromMap(1, tableNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, m, err := a.current(cmd.Context())
			if err != nil {
				return err
			}
			defer c.close()
			if args[0] == router.CursorTable {
				return advise(fmt.Errorf("the table %s has the cursors of syncs, which move with their members", args[0]), "leave it in the catalogue")
			}
			next, err := m.RemoveTable(a.change("table remove %s", args[0]), args[0])
			if err != nil {
				return advise(err, `see which there are with "berth table list"`)
			}
			if t, _ := m.Table(args[0]); t.Kind == shard.Sharded {
				if err := c.catalogueUnneeded(cmd.Context(), t.Name); err != nil {
					return err
				}
			}
			return a.edit(cmd.Context(), c, m, next, "the table itself stays; statements that name it are refused")
		},
	}
	a.dryRunFlag(cmd)
	return cmd
}
