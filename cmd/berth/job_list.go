package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

func newJobList(a *app) *cobra.Command {
	var active bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the jobs, the oldest first",
		Example:           "  berth job list\n  berth job list --active",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer c.close()
			return a.listJobs(cmd.Context(), c, active)
		},
	}
	cmd.Flags().BoolVar(&active, "active", false, "leave out what has ended")
	return cmd
}

func (a *app) listJobs(ctx context.Context, c *cluster, active bool) error {
	bounded, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	all, err := move.NewJobs(c.store).List(bounded)
	if err != nil {
		return err
	}
	jobs := []*move.Job{}
	var rows [][]any
	for _, j := range all {
		if active && j.Phase.Ended() {
			continue
		}
		jobs = append(jobs, j)
		done := "-"
		if share, ok := shareDone(j); ok {
			done = percent(share)
		}
		rows = append(rows, []any{j.ID, j.Kind, j.Subject(), j.From, j.To, stateOf(j), done, a.worksOn(j), moment(j.StartedAt)})
	}
	if a.json() {
		return printJSON(a.out, jobs)
	}
	if len(jobs) == 0 {
		fmt.Fprintln(a.err, `there is no job; "berth split", "move", "merge" and "unpin" start one`)
		return nil
	}
	a.grid([]column{left("job"), left("kind"), left("what"), left("from"), left("to"), left("phase"), right("done"), left("worker"), left("started")}, rows)
	return nil
}

// silentAfter is how long a worker may be silent before it is told of: a
// living one writes every second, and another takes over within 15.
const silentAfter = 20 * time.Second

// inMotion reports whether a worker ought to be at work on the job.
func inMotion(j *move.Job) bool {
	waits := j.Paused || j.Phase == move.Failed || j.Phase == move.Reversible || j.Phase == move.Ready && j.Options.Hold
	return !j.Phase.Ended() && (!waits || j.Want != move.WantRun && j.Want != move.WantPause)
}

// worksOn tells who works on the job, as far as can be known.
func (a *app) worksOn(j *move.Job) string {
	silent := a.now().Sub(j.UpdatedAt)
	switch {
	case j.Worker != "" && silent <= silentAfter && !j.Phase.Ended():
		return j.Worker
	case !inMotion(j):
		return "none"
	case j.Worker == "":
		return "none yet"
	}
	return fmt.Sprintf("%s, silent for %s", j.Worker, roughly(silent))
}
