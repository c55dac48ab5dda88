package main

import (
	"context"
	"fmt"

	"github.com/berthdb/berth/shard/move"
)

// mover is how moves reach the store and the servers.
func (c *cluster) mover() move.Config {
	return move.Config{Store: c.store, Instance: c.cfg.Admin(), Logger: c.log}
}

// relocate plans all that is requested, asks, and then runs one job after the
// other. It stops at the first that does not get to its end.
func (a *app) relocate(ctx context.Context, c *cluster, o moveFlags, requests ...move.Request) error {
	if err := o.check(); err != nil {
		return err
	}
	var all plan
	var plans []*move.Plan
	for i, r := range requests {
		r.Options, r.Author, r.Reason = o.options, author(), a.reason
		r.TargetFree = int64(o.targetFree) << 30
		requests[i] = r
		p, err := move.MakePlan(ctx, c.mover(), r)
		if err != nil {
			return fmt.Errorf("plan the %s: %w", r.Kind, err)
		}
		plans = append(plans, p)
		text := planOf(r, p)
		if i == 0 {
			all = text
			continue
		}
		all.steps = append(append(all.steps, "then "+text.title), text.steps...)
	}
	if err := a.refused(all, plans); err != nil {
		return err
	}
	if a.dryRun && a.json() {
		return a.printPlans(plans)
	}
	if ok, err := a.agree(ctx, all); err != nil || !ok {
		return err
	}
	for i, p := range plans {
		if i > 0 { // the map has changed since
			var err error
			if p, err = move.MakePlan(ctx, c.mover(), requests[i]); err != nil {
				return fmt.Errorf("plan the %s: %w", requests[i].Kind, err)
			}
			if err := a.refused(planOf(requests[i], p), []*move.Plan{p}); err != nil {
				return err
			}
		}
		if err := a.start(ctx, c, o, requests[i], p); err != nil {
			return err
		}
	}
	return nil
}

// start makes a plan's job and follows it.
func (a *app) start(ctx context.Context, c *cluster, o moveFlags, r move.Request, p *move.Plan) error {
	j, err := move.Start(ctx, c.mover(), p)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.err, "job %s: %s\n", j.ID, planTitle(r, p))
	if o.detach {
		return a.detached(j)
	}
	return a.follow(ctx, c, j, following{foreground: o.foreground, takeUp: true, good: reached})
}

// detached tells of a job that was left to a worker.
func (a *app) detached(j *move.Job) error {
	if a.json() {
		return printJSON(a.out, j)
	}
	fmt.Fprintf(a.out, "job %s waits for a worker: watch it with \"berth job watch %[1]s\", or run it with \"berth job resume %[1]s\"\n", j.ID)
	return nil
}

// refused tells of every reason for which a move can't be, if there is one.
func (a *app) refused(text plan, plans []*move.Plan) error {
	var reasons []string
	for _, p := range plans {
		reasons = append(reasons, p.Refusals...)
	}
	if len(reasons) == 0 {
		return nil
	}
	if a.json() {
		if err := a.printPlans(plans); err != nil {
			return err
		}
	} else {
		a.printPlan(a.out, text)
	}
	for _, r := range reasons {
		fmt.Fprintf(a.err, "berth: refused: %s\n", r)
	}
	return statusError(exitFailed)
}

// printPlans prints the plans as scripts see them: one document, or one a line.
func (a *app) printPlans(plans []*move.Plan) error {
	if len(plans) == 1 {
		return printJSON(a.out, plans[0])
	}
	for _, p := range plans {
		if err := printLine(a.out, p); err != nil {
			return err
		}
	}
	return nil
}
