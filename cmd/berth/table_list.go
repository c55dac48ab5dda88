package main

import (
	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

func newTableList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the tables and their kinds",
		Example:           "  berth table list -o json",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, m, err := a.current(cmd.Context())
			if err != nil {
				return err
			}
			defer c.close()
			tables := []shard.Table{}
			var rows [][]any
			for t := range m.Tables() {
				tables = append(tables, t)
				keys := ""
				if t.Kind == shard.Sharded {
					keys = map[bool]string{true: "yes", false: "no"}[t.OwnKeys]
				}
				rows = append(rows, []any{t.Name, t.Kind, t.MemberColumn, keys, t.Shard})
			}
			if a.json() {
				return printJSON(a.out, tables)
			}
			a.grid([]column{left("table"), left("kind"), left("member column"), left("in every key"), left("shard")}, rows)
			return nil
		},
	}
}
