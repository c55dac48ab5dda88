package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/move"
)

func newMove(a *app) *cobra.Command {
	var o moveFlags
	var member, to string
	cmd := &cobra.Command{
		Use: "move RANGE --to SHARD | move --member ID --to SHARD", Short: "Move a range, or one member, to another shard",
		Long: `Move a range of the map, or one member, to another shard while both serve traffic.
A member that moves by itself is pinned: its home is named in the map from then
on, whatever becomes of its range, until berth unpin.`,
		Example: `  berth move 40-80 --to c
  berth move --member 660 --to c --reason "too heavy for its neighbours"`,
		Args:              arguments(0, 1),
		ValidArgsFunction: a.fromMap(1, rangeNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.move(cmd.Context(), o, args, member, to)
		},
	}
	cmd.Flags().StringVar(&member, "member", "", "`ID` of the one member to move")
	a.targetFlag(cmd, &to)
	a.startFlags(cmd, &o)
	return cmd
}

func (a *app) move(ctx context.Context, o moveFlags, args []string, member, to string) error {
	switch {
	case to == "":
		return misuse("move: name the shard that it is to move to, with --to")
	case (len(args) == 1) == (member != ""):
		return misuse("move: name a range, or one member with --member ID")
	}
	r := move.Request{Kind: move.KindMove, To: to}
	c, m, err := a.current(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if member != "" {
		if r.Member, err = m.Members().Type.Parse(member); err != nil {
			return usageError{err}
		}
	} else if r.Range, err = rangeArgument(args[0]); err != nil {
		return err
	}
	return a.relocate(ctx, c, o, r)
}
