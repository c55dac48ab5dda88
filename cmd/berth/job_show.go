package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

func newJobShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a job: how far it is, what holds it, what to run next",
		Example:           "  berth job show 251124-k3x9q\n  berth job show 251124-k3x9q -o json",
		Args:              arguments(1, 1),
		ValidArgsFunction: a.jobIDs(anyJob),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, j, err := a.job(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer c.close()
			if a.json() {
				return printJSON(a.out, j)
			}
			a.showJob(j)
			return nil
		},
	}
}

func (a *app) showJob(j *move.Job) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(a.out, "%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("job", "%s: %s %s, from shard %s to shard %s", j.ID, j.Kind, j.Subject(), j.From, j.To)
	line("phase", "%s since %s", stateOf(j), moment(j.PhaseStartedAt))
	if j.Error != "" {
		line("error", "%s", j.Error)
	}
	if throttled(j) {
		line("held by", "%s", j.ThrottledBy)
	}
	line("started", "%s by %s", moment(j.StartedAt), j.Author)
	if j.Reason != "" {
		line("reason", "%s", j.Reason)
	}
	line("worker", "%s", a.worksOn(j))
	line("copied", "%d of about %s, %s", j.RowsCopied, count(j.RowsTotal, "row"), humanBytes(uint64(max(j.BytesCopied, 0))))
	line("applied", "%s from the binary log, %s behind", count(j.RowsApplied, "change"), roughly(time.Duration(j.LagMs)*time.Millisecond))
	line("verified", "%s, %d of them different", count(j.VerifiedRows, "row"), j.Mismatches)
	if j.RowsCleaned > 0 {
		line("removed", "%s", count(j.RowsCleaned, "row"))
	}
	if left, ok := timeLeft(j); ok {
		line("left", "about %s of copying and verifying", roughly(left))
	}
	if !j.Switched.IsZero() {
		line("switched", "%s, after %s", moment(j.Switched), count(j.Attempts, "attempt"))
	}
	if !j.EndedAt.IsZero() {
		line("ended", "%s", moment(j.EndedAt))
	}
	a.compareForecast(j)
	a.showSteps(j)
	if len(j.Notes) > 0 {
		fmt.Fprintln(a.out, "\nnotes:")
		for _, n := range j.Notes {
			fmt.Fprintln(a.out, "  "+n)
		}
	}
	a.next(j)
}

func (a *app) showSteps(j *move.Job) {
	if len(j.Steps) == 0 {
		return
	}
	var rows [][]any
	for _, s := range j.Steps {
		rows = append(rows, []any{s.Phase, moment(s.At), roughly(time.Duration(s.Ms) * time.Millisecond)})
	}
	fmt.Fprintln(a.out)
	a.grid([]column{left("phase"), left("began"), right("took")}, rows)
}
