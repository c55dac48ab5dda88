package main

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

func newMapDiff(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "diff EPOCH EPOCH", Short: "Say what differs between two maps",
		Long:              "Say what differs between the maps of two epochs, or times: + came, - went, ~ changed.",
		Example:           "  berth map diff 7 8",
		Args:              arguments(2, 2),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer c.close()
			from, err := c.past(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			to, err := c.past(cmd.Context(), args[1])
			if err != nil {
				return err
			}
			return a.showDiff(from, to)
		},
	}
}

func (a *app) showDiff(from, to *shard.Map) error {
	differences := shard.Diff(from, to)
	if a.json() {
		if differences == nil {
			differences = []shard.Difference{}
		}
		return printJSON(a.out, struct {
			From        uint64             `json:"from"`
			To          uint64             `json:"to"`
			Differences []shard.Difference `json:"differences"`
		}{from.Epoch(), to.Epoch(), differences})
	}
	for _, d := range differences {
		line := d.String()
		colour := map[byte]text.Color{'+': text.FgGreen, '-': text.FgRed, '~': text.FgYellow}[line[0]]
		fmt.Fprintln(a.out, a.paint(colour, line))
	}
	if len(differences) == 0 {
		fmt.Fprintf(a.out, "epochs %d and %d have the same shards, ranges, pins and tables\n", from.Epoch(), to.Epoch())
	}
	return nil
}
