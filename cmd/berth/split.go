package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

func newSplit(a *app) *cobra.Command {
	var o moveFlags
	var at, to string
	cmd := &cobra.Command{
		Use: "split RANGE --to SHARD [--at KEYSPACE_ID]", Short: "Cut a range in two, and move the upper part to another shard",
		Long: `Cut a range in two, and move the part from the cut on to another shard while both
serve traffic. Without --at the cut is where half of the rows are on each side.

The plan is printed first: what moves, what it takes, what stands in the way.`,
		Example: `  berth split - --to b
  berth split -80 --at 40 --to c --reason "a is full"
  berth split 80- --to c --dry-run`,
		Args:              arguments(1, 1),
		ValidArgsFunction: a.fromMap(1, rangeNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := splitRequest(args[0], at, to)
			if err != nil {
				return err
			}
			return a.relocateOne(cmd.Context(), o, r)
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "`KEYSPACE_ID` where the part that moves begins, as 40 or 4000000000000000 (default: the middle of the rows)")
	a.targetFlag(cmd, &to)
	a.startFlags(cmd, &o)
	return cmd
}

func splitRequest(text, at, to string) (move.Request, error) {
	r := move.Request{Kind: move.KindSplit, To: to}
	if to == "" {
		return r, misuse("split %s: name the shard that the upper part is to move to, with --to", text)
	}
	var err error
	if r.Range, err = rangeArgument(text); err != nil {
		return r, err
	}
	if at == "" {
		return r, nil
	}
	if r.At, err = shard.ParseKeyspaceID(at); err != nil {
		return r, misuse("--at: %w", err)
	}
	if !r.Range.Contains(r.At) || r.At == r.Range.Start {
		return r, misuse("--at %s: it is not inside range %s, so there would be nothing on one side of it", at, r.Range)
	}
	return r, nil
}

// relocateOne is relocate for one request.
func (a *app) relocateOne(ctx context.Context, o moveFlags, r move.Request) error {
	c, _, err := a.current(ctx) // a store that hangs is told of here
	if err != nil {
		return err
	}
	defer c.close()
	return a.relocate(ctx, c, o, r)
}
