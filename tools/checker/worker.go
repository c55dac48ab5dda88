package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/checker/control"
)

func newWorker() *cobra.Command {
	var c child
	cmd := &cobra.Command{
		Use: "worker", Short: "A process that runs moves; started by run", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.work(cmd.Context()) },
	}
	c.flags(cmd)
	return cmd
}

// work runs jobs until ctx ends or the checker is gone.
func (c *child) work(ctx context.Context) (err error) {
	store, err := c.store()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	w, err := move.NewWorker(move.Config{Store: store, Instance: c.instance(), Name: c.name, Logger: c.log()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- w.Run(ctx)
		cancel()
	}()
	err = c.serve(ctx, func(o control.Order) error { return fmt.Errorf("a worker takes no orders: %+v", o) })
	cancel()
	if working := <-ended; !errors.Is(working, context.Canceled) {
		err = errors.Join(err, working)
	}
	return err
}
