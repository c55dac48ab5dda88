package main

import (
	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

func newJobCancel(a *app) *cobra.Command {
	q := asking{
		want: move.WantCancel,
		good: func(j *move.Job) bool { return j.Phase == move.Cancelled },
		plan: func(j *move.Job) plan {
			p := plan{title: "cancel job " + j.ID + ", " + j.Subject() + " from " + j.From + " to " + j.To}
			p.add("its members stay on %s, which has never stopped serving them", j.From)
			p.add("the copy on %s is removed: about %s", j.To, count(j.RowsCopied+j.RowsApplied, "row"))
			return p
		},
	}
	cmd := &cobra.Command{
		Use: "cancel ID", Short: "Give a job up before its cutover, and remove the copy",
		Long:              "Give a job up before its cutover, and remove the copy. After the cutover it is berth job rollback.",
		Example:           "  berth job cancel 251124-k3x9q",
		Args:              arguments(1, 1),
		ValidArgsFunction: a.jobIDs(allowing(move.WantCancel)),
		RunE:              func(cmd *cobra.Command, args []string) error { return a.ask(cmd.Context(), args[0], q) },
	}
	q.run.runFlags(cmd)
	a.dryRunFlag(cmd)
	return cmd
}
