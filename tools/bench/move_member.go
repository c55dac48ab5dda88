package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// The member that moves has a tenth of all rows, and of all transactions.
const heavyShare = 10

// memberResult is one member of many rows moved out of a large shard.
type memberResult struct {
	MySQL   string         `json:"mysql"`
	Rows    int            `json:"rows"`
	Moved   int            `json:"rows_moved"`
	Rate    int            `json:"transactions_per_second"`
	Moves   int            `json:"moves"`
	Durable bool           `json:"durable"`
	Steps   []memberStep   `json:"steps"`
	Total   float64        `json:"total_s"` // from the start to the switch; median
	Pause   waits          `json:"longest_ms"`
	Others  waits          `json:"others_longest_ms"`
	Failed  map[string]int `json:"failed,omitempty"`
}

// memberStep is the median time of a phase.
type memberStep struct {
	Phase   move.Phase `json:"phase"`
	Seconds float64    `json:"seconds"`
}

func memberPhases() []move.Phase {
	return []move.Phase{move.Preparing, move.Copying, move.CatchingUp, move.Verifying, move.CuttingOver}
}

// memberRun is one move.
type memberRun struct {
	job            *move.Job
	total          time.Duration
	moving, others feeling
}

func measureMoveMember(ctx context.Context, o moveOptions) (_ section, err error) {
	c, err := newCluster(ctx, o, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	heavy := o.rows / heavyShare
	if err := c.fill(ctx, o.rows-heavy, o.members, heavy); err != nil {
		return nil, err
	}
	who := int64(o.members + 1)
	pick := func() int64 {
		if rand.IntN(heavyShare) == 0 {
			return who
		}
		return anyOf(o.members)()
	}
	l, err := c.newLoad(ctx, o, func(m shard.Member) bool { return m == shard.Int(who) }, pick)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	stop, err := c.worker(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var runs []memberRun
	for range o.rounds {
		r, err := c.moveMember(ctx, o, l, shard.Int(who))
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	got := memberResult{MySQL: c.version(), Rows: o.rows, Moved: heavy, Rate: o.rate, Moves: len(runs), Durable: !o.relaxed}
	got.sum(runs)
	return got, nil
}

// moveMember moves the member to s2, and back by a rollback that is not
// measured.
func (c *cluster) moveMember(ctx context.Context, o moveOptions, l *load, m shard.Member) (r memberRun, err error) {
	if err := c.purge(ctx, s1); err != nil {
		return r, err
	}
	l.forget()
	if err := sleep(ctx, o.quiet); err != nil {
		return r, err
	}
	window := span{from: time.Now()}
	if r.job, err = c.start(ctx, move.Request{Member: m}); err != nil {
		return r, err
	}
	id := r.job.ID
	if r.job, err = c.phase(ctx, id, move.Reversible); err != nil {
		return r, err
	}
	window.to = time.Now()
	r.total = window.length()
	moving, others, err := l.during(ctx, window)
	if err != nil {
		return r, err
	}
	r.moving, r.others = feelingOf(moving), feelingOf(others)
	if _, err := c.jobs.Ask(ctx, id, move.WantRollback, nil); err != nil {
		return r, err
	}
	if _, err := c.until(ctx, id, "rolled back", func(j *move.Job) bool { return switched(j, move.WantRollback) }); err != nil {
		return r, err
	}
	return r, c.drop(ctx, id)
}

func (r *memberResult) sum(runs []memberRun) {
	for _, p := range memberPhases() {
		r.Steps = append(r.Steps, memberStep{p, medianOf(runs, func(r memberRun) float64 { return spent(r.job, p).length().Seconds() })})
	}
	r.Total = medianOf(runs, func(r memberRun) float64 { return r.total.Seconds() })
	r.Failed = map[string]int{}
	var pauses, others []float64
	for _, one := range runs {
		pauses, others = append(pauses, one.moving.Worst), append(others, one.others.Worst)
		addUp(r.Failed, one.moving.Failed)
		addUp(r.Failed, one.others.Failed)
	}
	r.Pause, r.Others = waitsOf(pauses), waitsOf(others)
}

func (r memberResult) print(w io.Writer) {
	fmt.Fprintf(w, "A member of %d rows moved out of a shard of %d under %d transactions/s, MySQL %s, %s; %d moves\n", r.Moved, r.Rows, r.Rate, r.MySQL, durability(r.Durable), r.Moves)
	fmt.Fprintf(w, "  from the start to the switch %.1f s:", r.Total)
	for _, s := range r.Steps {
		fmt.Fprintf(w, " %s %.2f s,", s.Phase, s.Seconds)
	}
	fmt.Fprintf(w, " the rest plan and waiting\n")
	fmt.Fprintf(w, "  longest wait in all that time, median and worst: the member's %.1f and %.1f ms, others' %.1f and %.1f ms; failed: %s\n",
		r.Pause.Median, r.Pause.Worst, r.Others.Median, r.Others.Worst, counted(r.Failed))
}
