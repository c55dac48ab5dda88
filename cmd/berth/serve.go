package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

func newServe(a *app) *cobra.Command {
	var worker bool
	var name string
	cmd := &cobra.Command{
		Use: "serve --worker", Short: "Run what serves a cluster: the worker of the jobs",
		Long: `Run the worker of the jobs until SIGTERM or Ctrl-C: it takes up every split, move,
merge and unpin that nobody works on, also those of workers that died. Any number
may run; each job has one of them at a time. One that is stopped leaves its jobs
to the others, or to its next start, and loses nothing.

The MySQL front and the HTTP page come here later.`,
		Example:           "  berth serve --worker",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !worker {
				return misuse("serve: the worker is all there is to serve yet, the MySQL front comes later; write berth serve --worker")
			}
			return a.serveWorker(cmd.Context(), name)
		},
	}
	cmd.Flags().BoolVar(&worker, "worker", false, "run the jobs")
	cmd.Flags().StringVar(&name, "name", "", "`NAME` of this worker, for people (default: host and process id)")
	return cmd
}

func (a *app) serveWorker(ctx context.Context, name string) error {
	c, _, err := a.current(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	cfg := c.mover()
	cfg.Name = name
	w, err := move.NewWorker(cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.err, "runs the jobs of %s until SIGTERM or Ctrl-C\n", c.store)
	if err := w.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	fmt.Fprintln(a.err, "stopped; its jobs go on with another worker, or the next start")
	return nil
}
