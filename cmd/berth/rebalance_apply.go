package main

import (
	"context"
	"fmt"

	"github.com/berthdb/berth/shard/move"
)

// applyProposal runs the moves one after the other, and stops at the first
// that does not get to its end: the next proposal goes by what is then.
func (a *app) applyProposal(ctx context.Context, c *cluster, p proposal, o moveFlags) error {
	if err := o.check(); err != nil {
		return err
	}
	to := *a
	if a.json() {
		to.out, to.output = a.err, "table"
	}
	if err := to.showProposal(p); err != nil {
		return err
	}
	if ok, err := a.agree(ctx, plan{title: "run " + count(len(p.Moves), "move") + ", one after the other"}); err != nil || !ok {
		return err
	}
	for i, one := range p.Moves {
		fmt.Fprintf(a.err, "move %d of %d: %s\n", i+1, len(p.Moves), one.Command)
		r := requestOf(one.ProposedMove)
		r.Options, r.Author, r.Reason = o.options, author(), a.reason
		made, err := move.MakePlan(ctx, c.mover(), r)
		if err == nil {
			err = a.refused(planOf(r, made), []*move.Plan{made})
		}
		if err == nil {
			err = a.start(ctx, c, o, r, made)
		}
		if err != nil {
			fmt.Fprintf(a.err, "stopped at move %d of %d; run \"berth rebalance\" again for what is left\n", i+1, len(p.Moves))
			return err
		}
	}
	return nil
}
