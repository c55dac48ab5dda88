package main

import (
	"github.com/spf13/cobra"
)

func newMapExport(a *app) *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use: "export", Short: "Print the map's document, to keep",
		Long:              "Print the map's document as it is stored, JSON with one entry a line. It has no secret in it, and berth map restore puts it back.",
		Example:           "  berth map export > map.json",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := a.mapAt(cmd.Context(), at)
			if err != nil {
				return err
			}
			_, err = a.out.Write(m.Text())
			return err
		},
	}
	atFlag(cmd, &at)
	return cmd
}
