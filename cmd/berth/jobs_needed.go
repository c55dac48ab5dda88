package main

import (
	"context"
	"fmt"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// unfinished are the jobs of which something may still come.
func (c *cluster) unfinished(ctx context.Context) ([]*move.Job, error) {
	bounded, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	all, err := move.NewJobs(c.store).List(bounded)
	if err != nil {
		return nil, err
	}
	var open []*move.Job
	for _, j := range all {
		if !j.Phase.Ended() {
			open = append(open, j)
		}
	}
	return open, nil
}

// unneeded refuses a change that takes away what an unfinished job works on:
// the span, or any part of it.
func (c *cluster) unneeded(ctx context.Context, s shard.Span) error {
	jobs, err := c.unfinished(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.Touches(s) {
			return needed(j, "it works on "+s.String())
		}
	}
	return nil
}

// shardUnneeded refuses to take a shard away from a job.
func (c *cluster) shardUnneeded(ctx context.Context, name string) error {
	jobs, err := c.unfinished(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		switch {
		case j.From == name && !j.Switched.IsZero():
			return needed(j, "its way back leads to shard "+name)
		case j.From == name || j.To == name:
			return needed(j, fmt.Sprintf("it moves %s from %s to %s", j.Subject(), j.From, j.To))
		}
	}
	return nil
}

// catalogueUnneeded refuses to change which tables move, while any do: a job
// copies those that were sharded when it began.
func (c *cluster) catalogueUnneeded(ctx context.Context, table string) error {
	jobs, err := c.unfinished(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		return needed(j, "it moves the rows of the tables that were sharded when it began, so that table "+table+" has to wait")
	}
	return nil
}

// needed is the error of a change that an unfinished job forbids.
func needed(j *move.Job, why string) error {
	next := fmt.Sprintf(`wait for it ("berth job watch %[1]s") or cancel it ("berth job cancel %[1]s")`, j.ID)
	if !j.Switched.IsZero() {
		next = fmt.Sprintf(`complete it ("berth job complete %[1]s") or roll it back ("berth job rollback %[1]s") first`, j.ID)
	}
	return advise(fmt.Errorf("job %s (%s) needs it: %s", j.ID, j.Phase, why), "%s", next)
}
