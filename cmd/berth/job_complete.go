package main

import (
	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

func newJobComplete(a *app) *cobra.Command {
	q := asking{
		want: move.WantComplete,
		good: func(j *move.Job) bool { return j.Phase == move.Done },
		plan: func(j *move.Job) plan {
			p := plan{title: "complete job " + j.ID + ": " + j.Subject() + " stays on " + j.To}
			p.add("the way back to %s is closed; from then on it is a move of its own", j.From)
			p.add("the old rows on %s are removed, little by little: about %s", j.From, count(max(j.RowsCopied, j.RowsTotal), "row"))
			if j.Join != nil {
				p.add("the ranges %s and %s become one", j.Join[0], j.Join[1])
			}
			return p
		},
	}
	var rate int
	cmd := &cobra.Command{
		Use: "complete ID", Short: "Close the way back after the cutover, and remove the old rows",
		Long: `Close the way back after the cutover, and remove the moved rows from the shard they
came from, in small steps that make way for traffic.`,
		Example:           "  berth job complete 251124-k3x9q\n  berth job complete 251124-k3x9q --rate 5000",
		Args:              arguments(1, 1),
		ValidArgsFunction: a.jobIDs(allowing(move.WantComplete)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkTuning(move.Options{Rate: rate}); err != nil {
				return err
			}
			if rate > 0 {
				q.opts = func(j *move.Job) { j.Options.Rate = rate }
			}
			return a.ask(cmd.Context(), args[0], q)
		},
	}
	cmd.Flags().IntVar(&rate, "rate", 0, "the most `ROWS` a second that are removed (default: as the job was started)")
	q.run.runFlags(cmd)
	a.dryRunFlag(cmd)
	return cmd
}
