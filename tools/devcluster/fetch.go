package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/mysqld"
)

func newFetch(log *slog.Logger) *cobra.Command {
	var consul bool
	cmd := &cobra.Command{
		Use:   "fetch",
		Short: "Have ready what up and the tests start, so that they do not wait for it",
		Long: `Find MySQL on this machine, or fetch a private copy into the cache, and prepare
the data directory that servers start from. With --consul, find or build Consul
too, which takes minutes the first time. The cache is $BERTH_CACHE, else
/var/cache/berth for root, else berth in the user's cache directory.`,
		Example: "  go run ./tools/devcluster fetch --consul",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := mysqld.Prepare(cmd.Context(), log)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "mysql %s: %s\n", in.Version, in.Mysqld); err != nil {
				return err
			}
			if !consul {
				return nil
			}
			path, err := consulagent.Ensure(cmd.Context(), log)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "consul: %s\n", path)
			return err
		},
	}
	cmd.Flags().BoolVar(&consul, "consul", false, "Consul as well")
	return cmd
}
