package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/tools/localcluster"
)

func newDown(log *slog.Logger) *cobra.Command {
	var dir string
	var purge bool
	cmd := &cobra.Command{
		Use:   "down --dir DIR",
		Short: "Stop exactly the servers of a cluster",
		Long: `Stop the servers that up wrote into DIR/cluster.json, each only if the process
still is that server. The data stays, and up starts the cluster again, unless
--purge is given.`,
		Example: "  go run ./tools/devcluster down --dir /tmp/berth --purge",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needDir(dir); err != nil {
				return err
			}
			record, err := localcluster.Load(dir)
			if err != nil {
				return err
			}
			stopped, err := record.Stop(cmd.Context(), log)
			if err != nil {
				return err
			}
			if purge {
				err = record.Remove()
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "stopped %d servers\n", stopped)
			return err
		},
	}
	dirFlag(cmd, &dir)
	cmd.Flags().BoolVar(&purge, "purge", false, "remove DIR with all data too")
	return cmd
}
