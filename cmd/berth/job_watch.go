package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

func newJobWatch(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "watch ID", Short: "Show a job's progress until it ends or waits for a word",
		Long: `Show a job's progress until it has ended, failed or was paused, or its members have
moved and it waits to be completed or rolled back. Ctrl-C ends the watching, not
the job. With -o json it prints the job, a document a line, whenever it changed.`,
		Example:           "  berth job watch 251124-k3x9q",
		Args:              arguments(1, 1),
		ValidArgsFunction: a.jobIDs(func(j *move.Job) bool { return !j.Phase.Ended() }),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, j, err := a.job(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer c.close()
			if inMotion(j) && (j.Worker == "" || a.now().Sub(j.UpdatedAt) > silentAfter) {
				fmt.Fprintf(a.err, "nobody works on job %s now: \"berth job resume %[1]s\" runs it here, \"berth serve --worker\" runs all\n", j.ID)
			}
			return a.follow(cmd.Context(), c, j, following{watching: true})
		},
	}
}
