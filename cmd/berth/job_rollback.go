package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

func newJobRollback(a *app) *cobra.Command {
	var kill bool
	q := asking{
		want: move.WantRollback,
		good: func(j *move.Job) bool { return j.Phase == move.RolledBack },
		plan: func(j *move.Job) plan {
			p := plan{title: "roll back job " + j.ID + ": " + j.Subject() + " goes back from " + j.To + " to " + j.From}
			p.add("what was written on %s since %s is kept; %s is %s behind it", j.To, moment(j.Switched), j.From, roughly(time.Duration(j.LagMs)*time.Millisecond))
			p.add("the members wait once more, for about %s", roughly(time.Duration(max(j.PauseMs, j.Prediction.PauseMs)*float64(time.Millisecond))))
			p.add("then the copy on %s is removed: about %s", j.To, count(max(j.RowsCopied, j.RowsTotal), "row"))
			return p
		},
	}
	cmd := &cobra.Command{
		Use: "rollback ID", Short: "Switch back after the cutover, with nothing lost",
		Long: `Switch the members back to the shard they came from, with all that was written
since, in the same safe way as they went. Then the copy is removed.`,
		Example:           "  berth job rollback 251124-k3x9q",
		Args:              arguments(1, 1),
		ValidArgsFunction: a.jobIDs(allowing(move.WantRollback)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if kill {
				q.opts = func(j *move.Job) { j.Options.Kill = true }
			}
			return a.ask(cmd.Context(), args[0], q)
		},
	}
	cmd.Flags().BoolVar(&kill, "kill-transactions", false, "end transactions that are open for long, instead of trying again later")
	q.run.runFlags(cmd)
	a.dryRunFlag(cmd)
	return cmd
}
