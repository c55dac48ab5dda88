package main

import (
	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

func newJobPause(a *app) *cobra.Command {
	q := asking{
		want: move.WantPause, free: true,
		good: func(j *move.Job) bool { return j.Paused || j.Phase.Ended() },
		plan: func(j *move.Job) plan {
			p := plan{title: "pause job " + j.ID + ", " + j.Subject() + " from " + j.From + " to " + j.To}
			p.add("it stands still while %s and keeps everything; its members stay in use on %s", j.Phase, j.Owner())
			p.add("it can go on for as long as the servers keep the binary logs of the time between")
			return p
		},
	}
	cmd := &cobra.Command{
		Use: "pause ID", Short: "Make a job stand still, and keep all it has done",
		Long:              "Make a job stand still, and keep all it has done. It goes on from there with berth job resume.",
		Example:           "  berth job pause 251124-k3x9q",
		Args:              arguments(1, 1),
		ValidArgsFunction: a.jobIDs(allowing(move.WantPause)),
		RunE:              func(cmd *cobra.Command, args []string) error { return a.ask(cmd.Context(), args[0], q) },
	}
	q.run.runFlags(cmd)
	a.dryRunFlag(cmd)
	return cmd
}
