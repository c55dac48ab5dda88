package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// attemptsOpen is after how many attempts a job gives up that may not end what
// is kept open.
const attemptsOpen = 3

// cutoverRun is one cutover.
type cutoverRun struct {
	waited        time.Duration // from asking to seeing it done
	gaveUp        bool
	attempts      int
	told          float64 // ms; the pause by the job's record; 0: it has none of the way back
	quiet, during [2]feeling
	held          int // transactions that were kept open and ended
	heldFailed    map[string]int
}

// The two groups of members.
const (
	moving = iota
	others
)

func measureMoveCutover(ctx context.Context, o moveOptions) (_ section, err error) {
	c, err := newCluster(ctx, o, 2)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.fill(ctx, o.rows, o.members, 0); err != nil {
		return nil, err
	}
	moves := func(m shard.Member) bool { return c.ranges[1].Contains(m.KeyspaceID()) }
	l, err := c.newLoad(ctx, o, moves, anyOf(o.members))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	stop, err := c.worker(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	got := cutoverResult{MySQL: c.version(), Rows: o.rows, Rate: o.rate, Routers: o.routers, Durable: !o.relaxed}
	chosen, err := o.chosen()
	if err != nil {
		return nil, err
	}
	for _, s := range chosen {
		var runs []cutoverRun
		for len(runs) < max(o.rounds/s.part, 2) {
			pair, err := c.forthAndBack(ctx, o, l, s)
			if err != nil {
				return nil, fmt.Errorf("with %s: %w", s.what(), err)
			}
			runs = append(runs, pair[:]...)
		}
		got.Lines = append(got.Lines, cutoverSummary(s, runs))
	}
	return got, nil
}

// forthAndBack moves the upper half of the members to s2 and back.
func (c *cluster) forthAndBack(ctx context.Context, o moveOptions, l *load, s scenario) (pair [2]cutoverRun, err error) {
	if err := errors.Join(c.purge(ctx, s1), c.empty(ctx, s2)); err != nil {
		return pair, err
	}
	l.forget()
	options := move.Options{Hold: true, Kill: s.kill}
	if s.long && s.moving && !s.kill {
		options.Attempts = attemptsOpen
	}
	job, err := c.start(ctx, move.Request{Range: c.ranges[1], Options: options})
	if err != nil {
		return pair, err
	}
	if _, err := c.phase(ctx, job.ID, move.Ready); err != nil {
		return pair, err
	}
	if pair[0], err = c.oneCutover(ctx, o, l, s, job.ID, move.WantRun); err != nil {
		return pair, fmt.Errorf("forth: %w", err)
	}
	if pair[1], err = c.oneCutover(ctx, o, l, s, job.ID, move.WantRollback); err != nil {
		return pair, fmt.Errorf("back: %w", err)
	}
	return pair, c.drop(ctx, job.ID)
}

// oneCutover asks for a cutover and sees what the clients feel of it, and of
// as long a time before.
func (c *cluster) oneCutover(ctx context.Context, o moveOptions, l *load, s scenario, id string, want move.Want) (r cutoverRun, err error) {
	h := &holding{stop: func() {}}
	if s.open > 0 {
		h = l.hold(ctx, s.open, l.pickOf(s.moving))
	}
	defer h.stop()
	if err := sleep(ctx, max(o.quiet, s.open)); err != nil {
		return r, err
	}
	before, err := c.jobs.Get(ctx, id)
	if err != nil {
		return r, err
	}
	window := span{from: time.Now()}
	if _, err := c.jobs.Ask(ctx, id, want, nil); err != nil {
		return r, err
	}
	over := func(j *move.Job) bool { return switched(j, want) || j.Phase == move.Failed }
	j, err := c.until(ctx, id, "switched", over)
	if err != nil {
		return r, err
	}
	window.to = time.Now()
	r.waited, r.attempts, r.gaveUp = window.length(), j.Attempts-before.Attempts, j.Phase == move.Failed
	if want == move.WantRun && !r.gaveUp {
		r.told = j.PauseMs
	}
	h.stop()
	r.held, r.heldFailed = h.ended, h.failed
	if r.gaveUp { // now that nothing is kept open any more
		if err := c.bring(ctx, id, want); err != nil {
			return r, err
		}
	}
	quiet := span{window.from.Add(-min(window.length(), o.quiet)), window.from}
	for _, part := range []struct {
		of span
		to *[2]feeling
	}{{quiet, &r.quiet}, {window, &r.during}} {
		m, o, err := l.during(ctx, part.of)
		if err != nil {
			return r, err
		}
		part.to[moving], part.to[others] = feelingOf(m), feelingOf(o)
	}
	return r, nil
}

// switched reports whether what was wanted has happened.
func switched(j *move.Job, want move.Want) bool {
	if want == move.WantRollback {
		return j.Phase == move.Cleaning || j.Phase.Ended()
	}
	return j.Phase == move.Reversible
}

// bring has a job that gave up try again until it has switched.
func (c *cluster) bring(ctx context.Context, id string, want move.Want) error {
	if _, err := c.jobs.Ask(ctx, id, move.WantRun, nil); err != nil {
		return err
	}
	if _, err := c.phase(ctx, id, move.Reversible); err != nil || want == move.WantRun {
		return err
	}
	if _, err := c.jobs.Ask(ctx, id, want, nil); err != nil {
		return err
	}
	_, err := c.until(ctx, id, "switched", func(j *move.Job) bool { return switched(j, want) })
	return err
}

// pickOf gives members that move, or others.
func (l *load) pickOf(moving bool) func() int64 {
	return func() int64 {
		for {
			if m := l.pick(); l.moves(shard.Int(m)) == moving {
				return m
			}
		}
	}
}
