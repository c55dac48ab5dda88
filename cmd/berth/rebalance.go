package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// rebalanceOptions are what "berth rebalance" is told.
type rebalanceOptions struct {
	run       moveFlags
	apply     bool
	most      int
	tolerance float64
}

func newRebalance(a *app) *cobra.Command {
	o := rebalanceOptions{tolerance: 10}
	cmd := &cobra.Command{
		Use: "rebalance [--apply]", Short: "Propose the moves that even out the shards, and run them",
		Long: `Ask the shards how large what they own is, and propose the fewest bytes to move so
that each has its fair share by its weight, and one that is draining nothing. With
--apply the moves are run, one after the other, up to the first that fails.`,
		Example:           "  berth rebalance\n  berth rebalance --tolerance 5 --apply --max-moves 3",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.tolerance <= 0 || o.tolerance >= 100 {
				return misuse("--tolerance %v: write a part of the fair share in percent, more than 0 and less than 100", o.tolerance)
			}
			if o.most < 0 {
				return misuse("--max-moves %d: write 1 or more, or leave it out", o.most)
			}
			return a.rebalance(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.apply, "apply", false, "run the moves")
	f.IntVar(&o.most, "max-moves", 0, "`NUMBER` of moves at most (default: as many as it takes)")
	f.Float64Var(&o.tolerance, "tolerance", o.tolerance, "how far from its fair share a shard may be, in `PERCENT` of it")
	a.startFlags(cmd, &o.run)
	return cmd
}

func (a *app) rebalance(ctx context.Context, o rebalanceOptions) error {
	c, m, err := a.current(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	sizes, err := move.Sizes(ctx, c.mover(), m)
	if err != nil {
		return err
	}
	busy := map[shard.Span]string{}
	jobs, err := c.unfinished(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		span, err := j.Span()
		if err != nil {
			return err
		}
		busy[span] = j.To
	}
	moves, err := shard.Rebalance(m, sizes, shard.RebalanceOptions{Tolerance: o.tolerance / 100, Busy: busy})
	if err != nil {
		return err
	}
	left := 0
	if o.most > 0 && len(moves) > o.most {
		left, moves = len(moves)-o.most, moves[:o.most]
	}
	p, err := c.propose(ctx, m, sizes, moves)
	if err != nil {
		return err
	}
	p.Left = left
	if !o.apply || len(moves) == 0 {
		return a.showProposal(p)
	}
	return a.applyProposal(ctx, c, p, o.run)
}

// requestOf is the move that was proposed, as a command would ask for it.
func requestOf(p shard.ProposedMove) move.Request {
	r := move.Request{Kind: move.KindMove, To: p.To}
	switch {
	case p.Span.IsPin():
		r.Member = p.Span.Pin
	case p.Span == p.Of:
		r.Range = p.Span.Range
	default:
		r.Kind, r.Range, r.At = move.KindSplit, p.Of.Range, p.Span.Range.Start
	}
	return r
}

// commandOf is that move as a command line.
func commandOf(p shard.ProposedMove) string {
	switch {
	case p.Span.IsPin():
		return fmt.Sprintf("berth move --member %s --to %s", p.Span.Pin, p.To)
	case p.Span == p.Of:
		return fmt.Sprintf("berth move %s --to %s", p.Span, p.To)
	}
	return fmt.Sprintf("berth split %s --at %s --to %s", p.Of, shortID(p.Span.Range.Start), p.To)
}
