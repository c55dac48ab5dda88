package main

import (
	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

func newJobResume(a *app) *cobra.Command {
	var said move.Options
	q := asking{want: move.WantRun, free: true, plan: resumePlan, good: reached}
	cmd := &cobra.Command{
		Use: "resume ID", Short: "Let a job go on that was paused, held or failed, or that nobody runs",
		Long: `Let a job go on: one that was paused, failed or held before its cutover, or whose
worker is gone. If no worker takes it up it is run here. What the job may take and
how long it waits can be set anew.`,
		Example:           "  berth job resume 251124-k3x9q\n  berth job resume 251124-k3x9q --rate 20000",
		Args:              arguments(1, 1),
		ValidArgsFunction: a.jobIDs(func(j *move.Job) bool { return !j.Phase.Ended() }),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkTuning(said); err != nil {
				return err
			}
			q.opts = changedTuning(cmd.Flags(), said)
			return a.ask(cmd.Context(), args[0], q)
		},
	}
	tuningFlags(cmd.Flags(), &said)
	q.run.runFlags(cmd)
	a.dryRunFlag(cmd)
	return cmd
}

func resumePlan(j *move.Job) plan {
	p := plan{title: "resume job " + j.ID + ", " + j.Subject() + " from " + j.From + " to " + j.To}
	switch {
	case j.Want != move.WantRun && j.Want != move.WantPause:
		p.add("it was asked to %s, and does that", asked(j.Want))
	case j.Phase == move.Failed:
		p.add("it failed: %s", j.Error)
		p.add("it tries that again, with all it has copied")
	case j.Paused && j.Error != "":
		p.add("it was paused: %s", j.Error)
		p.add("it goes on with %s", j.Phase)
	case j.Phase == move.Ready && j.Options.Hold:
		p.add("it cuts over: its members wait for about %s", roughly(secondsOf(j.Prediction.PauseMs/1000)))
	default:
		p.add("it goes on with %s", j.Phase)
	}
	return p
}
