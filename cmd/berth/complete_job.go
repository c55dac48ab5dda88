package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

// jobIDs completes with the jobs that fit, the newest first, and what each is.
func (a *app) jobIDs(fits func(*move.Job) bool) completer {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), time.Second)
		defer cancel()
		c, err := a.open(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer c.close()
		jobs, err := move.NewJobs(c.store).List(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var words []string
		for i := len(jobs) - 1; i >= 0; i-- {
			if j := jobs[i]; fits(j) {
				words = append(words, fmt.Sprintf("%s\t%s to %s, %s", j.ID, j.Subject(), j.To, j.Phase))
			}
		}
		return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// anyJob is for the commands that look at a job.
func anyJob(*move.Job) bool { return true }

// allowing are the jobs of which that can be asked now.
func allowing(want move.Want) func(*move.Job) bool {
	return func(j *move.Job) bool { return j.Allows(want) == nil }
}
