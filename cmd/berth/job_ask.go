package main

import (
	"context"
	"fmt"

	"github.com/berthdb/berth/shard/move"
)

// asking is what a command asks of a job.
type asking struct {
	want move.Want
	run  moveFlags
	opts func(*move.Job)      // nil: nothing of the job's options changes
	plan func(*move.Job) plan // what will be done
	free bool                 // harmless: it is done without a question
	good func(*move.Job) bool // where it is to bring the job
}

// ask prints what will be done, asks, tells the job, and follows it there.
func (a *app) ask(ctx context.Context, id string, q asking) error {
	if err := q.run.check(); err != nil {
		return err
	}
	c, j, err := a.job(ctx, id)
	if err != nil {
		return err
	}
	defer c.close()
	if q.want == move.WantRun && j.Want != move.WantRun && j.Want != move.WantPause {
		// What was asked of it and nobody has done yet is what it goes on with.
		q.want, q.good = j.Want, nil
	}
	if err := j.Allows(q.want); err != nil {
		return advise(err, `see it with "berth job show %s"`, id)
	}
	p := q.plan(j)
	if q.free && !a.dryRun {
		to := a.out
		if a.json() {
			to = a.err
		}
		a.printPlan(to, p)
	} else if ok, err := a.agree(ctx, p); err != nil || !ok {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	if j, err = move.NewJobs(c.store).Ask(bounded, id, q.want, q.opts); err != nil {
		return err
	}
	if q.run.detach {
		return a.told(j)
	}
	return a.follow(ctx, c, j, following{foreground: q.run.foreground, takeUp: true, good: q.good})
}

// told tells that the job was told, and is left to a worker.
func (a *app) told(j *move.Job) error {
	if a.json() {
		return printJSON(a.out, j)
	}
	fmt.Fprintf(a.out, "job %s is told; a worker does it, and \"berth job watch %[1]s\" shows it\n", j.ID)
	return nil
}
