package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

func newMerge(a *app) *cobra.Command {
	var o moveFlags
	var to string
	cmd := &cobra.Command{
		Use: "merge RANGE RANGE --to SHARD", Short: "Bring two neighbouring ranges onto one shard, as one range",
		Long: `Bring two neighbouring ranges onto one shard, as one range, while all serve
traffic. What is not on the shard yet moves there: one range, or both, one after
the other. If both are there already only the map changes.`,
		Example:           "  berth merge 40-80 80-c0 --to b",
		Args:              arguments(2, 2),
		ValidArgsFunction: a.fromMap(2, rangeNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if to == "" {
				return misuse("merge: name the shard where both are to end, with --to")
			}
			low, err := rangeArgument(args[0])
			if err != nil {
				return err
			}
			high, err := rangeArgument(args[1])
			if err != nil {
				return err
			}
			if low.Compare(high) > 0 {
				low, high = high, low
			}
			return a.merge(cmd.Context(), o, low, high, to)
		},
	}
	a.targetFlag(cmd, &to)
	a.startFlags(cmd, &o)
	return cmd
}

// merge moves what is not on the target yet; the last move joins the ranges.
func (a *app) merge(ctx context.Context, o moveFlags, low, high shard.Range, to string) error {
	c, m, err := a.current(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	last := move.Request{Kind: move.KindMerge, Range: high, With: low, To: to}
	lower, okLow := m.Find(shard.Span{Range: low})
	upper, okHigh := m.Find(shard.Span{Range: high})
	switch {
	case !okLow || !okHigh || low.End != high.Start:
		if okHigh && !okLow { // the plan says what is wrong, of the one that is
			last.Range, last.With = low, high
		}
		return a.relocate(ctx, c, o, last)
	case lower.Shard == to && upper.Shard == to:
		for _, r := range []shard.Range{low, high} {
			if err := c.unneeded(ctx, shard.Span{Range: r}); err != nil {
				return err
			}
		}
		next, err := m.Join(a.change("merge %s %s --to %s", low, high, to), low, high)
		if err != nil {
			return err
		}
		return a.edit(ctx, c, m, next, fmt.Sprintf("both are on shard %s already: no row moves", to))
	case upper.Shard == to:
		last.Range, last.With = low, high
		return a.relocate(ctx, c, o, last)
	case lower.Shard == to:
		return a.relocate(ctx, c, o, last)
	}
	return a.relocate(ctx, c, o, move.Request{Kind: move.KindMove, Range: low, To: to}, last)
}
