package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/berthdb/berth/shard/move"
)

// copyBar is how many of the parallel LOAD DATA copier's rows a second the
// mover's are, at least.
const copyBar = 0.9

// copyResult is the mover's copy against others of the same table between the
// same servers.
type copyResult struct {
	MySQL   string     `json:"mysql"`
	Rows    int        `json:"rows"`
	Members int        `json:"members"`
	Durable bool       `json:"durable"`
	Ways    []copyLine `json:"ways"`
	Verify  float64    `json:"verified_rows_per_second"`
}

// copyLine is one way to copy; rates are medians of the rounds.
type copyLine struct {
	Way     string  `json:"way"`
	Rate    float64 `json:"rows_per_second"`
	EndRate float64 `json:"rows_per_second_end_to_end"` // of the mover: from taking the job up until all is verified
	// The processor's seconds for a million rows: of this process and its
	// client programs, and of the servers.
	Here   float64 `json:"cpu_s_per_million_here"`
	Source float64 `json:"cpu_s_per_million_source"`
	Target float64 `json:"cpu_s_per_million_target"`
	// The mover's rate to this one's; nil for the mover itself.
	Ratio   *ratio `json:"mover_ratio,omitempty"`
	Verdict string `json:"verdict,omitempty"`
}

// copied is one copy.
type copied struct {
	rate, end            float64 // rows a second
	here, source, target float64 // CPU seconds
	verified             float64 // rows a second
}

// copyWay is one way to copy s1's table to s2, where it is empty.
type copyWay struct {
	name string
	copy func(context.Context) (copied, error)
}

func measureMoveCopy(ctx context.Context, o moveOptions) (_ section, err error) {
	c, err := newCluster(ctx, o, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.fill(ctx, o.rows, o.members, 0); err != nil {
		return nil, err
	}
	ways := []copyWay{{"the mover", c.copyByMover}}
	if o.dump {
		ways = append(ways, copyWay{"mysqldump | mysql", func(ctx context.Context) (copied, error) {
			cpu, err := c.dump(ctx)
			return copied{here: cpu.Seconds()}, err
		}})
	}
	for _, n := range o.workers {
		ways = append(ways, copyWay{fmt.Sprintf("SELECT + LOAD DATA by %d", n), func(ctx context.Context) (copied, error) {
			return copied{}, c.copyByLoader(ctx, o, n)
		}})
	}
	rounds := make([][]copied, len(ways))
	for range o.rounds {
		for _, at := range rand.Perm(len(ways)) {
			one, err := c.timeCopy(ctx, o, ways[at])
			if err != nil {
				return nil, fmt.Errorf("copy by %s: %w", ways[at].name, err)
			}
			rounds[at] = append(rounds[at], one)
		}
	}
	got := copyResult{MySQL: c.version(), Rows: o.rows, Members: o.members, Durable: !o.relaxed}
	got.Verify = medianOf(rounds[0], func(c copied) float64 { return c.verified })
	for i, w := range ways {
		got.Ways = append(got.Ways, copySummary(w.name, o, rounds[i], rounds[0], i == 0))
	}
	strongest := slices.MaxFunc(got.Ways[1:], func(a, b copyLine) int { return int(a.Rate - b.Rate) })
	for i := range got.Ways {
		if w := &got.Ways[i]; w.Way == strongest.Way {
			w.Verdict = verdict(w.Ratio.Median >= copyBar)
		}
	}
	return got, nil
}

// timeCopy copies by one way, onto an empty table, and makes sure of the rows.
func (c *cluster) timeCopy(ctx context.Context, o moveOptions, w copyWay) (copied, error) {
	if err := c.empty(ctx, s2); err != nil {
		return copied{}, err
	}
	if err := c.purge(ctx, s1); err != nil {
		return copied{}, err
	}
	before := c.used()
	begun := time.Now()
	one, err := w.copy(ctx)
	if err != nil {
		return copied{}, err
	}
	took := time.Since(begun).Seconds()
	if one.rate == 0 {
		one.rate = float64(o.rows) / took
		one.end = one.rate
		after := c.used()
		one.here += (after.here - before.here).Seconds()
		one.source, one.target = (after.source - before.source).Seconds(), (after.target - before.target).Seconds()
		n, err := c.count(ctx, s2)
		if err != nil || n != int64(o.rows) {
			return copied{}, errors.Join(err, fmt.Errorf("s2 has %d of %d rows", n, o.rows))
		}
	}
	return one, nil
}

func (c *cluster) copyByLoader(ctx context.Context, o moveOptions, workers int) (err error) {
	l, err := c.loader(workers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	const chunk = 10_000 // rows, as the mover's
	return l.copy(ctx, o.members, max(1, chunk*o.members/o.rows))
}

// copyByMover runs a job until it is ready to cut over.
func (c *cluster) copyByMover(ctx context.Context) (one copied, err error) {
	stop, err := c.worker(ctx)
	if err != nil {
		return copied{}, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	job, err := c.start(ctx, move.Request{Range: c.ranges[0], Options: move.Options{Hold: true}})
	if err != nil {
		return copied{}, err
	}
	copying, err := c.usedUntil(ctx, job.ID, move.Copying, move.CatchingUp)
	if err != nil {
		return copied{}, err
	}
	if job, err = c.phase(ctx, job.ID, move.Ready); err != nil {
		return copied{}, err
	}
	n := float64(job.RowsCopied)
	one = copied{
		rate:     n / spent(job, move.Copying).length().Seconds(),
		end:      n / total(job, move.Preparing, move.Copying, move.CatchingUp, move.Verifying).Seconds(),
		verified: float64(job.VerifiedRows) / spent(job, move.Verifying).length().Seconds(),
		here:     copying.here.Seconds(), source: copying.source.Seconds(), target: copying.target.Seconds(),
	}
	if job.VerifiedRows != job.RowsCopied {
		return copied{}, fmt.Errorf("job %s verified %d rows and copied %d", job.ID, job.VerifiedRows, job.RowsCopied)
	}
	return one, c.drop(ctx, job.ID)
}

// usedUntil is the processor's time that a phase of the job takes.
func (c *cluster) usedUntil(ctx context.Context, id string, p, after move.Phase) (used, error) {
	in := func(phases ...move.Phase) func(*move.Job) bool {
		return func(j *move.Job) bool { return slices.Contains(phases, j.Phase) }
	}
	if _, err := c.until(ctx, id, string(p), in(p, after, move.Verifying, move.Ready)); err != nil {
		return used{}, err
	}
	before := c.used()
	_, err := c.until(ctx, id, string(after), in(after, move.Verifying, move.Ready))
	now := c.used()
	return used{now.here - before.here, now.source - before.source, now.target - before.target}, err
}

func copySummary(name string, o moveOptions, own, mover []copied, first bool) copyLine {
	perMillion := func(get func(copied) float64) float64 { return medianOf(own, get) / float64(o.rows) * 1e6 }
	l := copyLine{
		Way: name, Rate: medianOf(own, func(c copied) float64 { return c.rate }), EndRate: medianOf(own, func(c copied) float64 { return c.end }),
		Here:   perMillion(func(c copied) float64 { return c.here }),
		Source: perMillion(func(c copied) float64 { return c.source }), Target: perMillion(func(c copied) float64 { return c.target }),
	}
	if !first {
		ratios := make([]float64, len(own))
		for i := range own {
			ratios[i] = mover[i].rate / own[i].rate
		}
		l.Ratio = ratioOf(ratios)
	}
	return l
}

func medianOf[T any](list []T, get func(T) float64) float64 {
	v := make([]float64, len(list))
	for i, t := range list {
		v[i] = get(t)
	}
	return median(v)
}

func (r copyResult) print(w io.Writer) {
	fmt.Fprintf(w, "Copying %d rows of %d members to an empty server, MySQL %s, %s\n", r.Rows, r.Members, r.MySQL, durability(r.Durable))
	fmt.Fprintf(w, "Bar: the mover copies at least %.1f of the rows a second of the fastest other\n\n", copyBar)
	fmt.Fprintf(w, "%-26s %10s %10s   %-16s  %s\n", "", "rows/s", "end to end", "mover to it", "CPU s/million: here, s1, s2")
	for _, l := range r.Ways {
		to := ""
		if l.Ratio != nil {
			to = l.Ratio.String()
		}
		fmt.Fprintf(w, "%-26s %10.0f %10.0f   %-16s  %5.1f %5.1f %5.1f  %s\n", l.Way, l.Rate, l.EndRate, to, l.Here, l.Source, l.Target, l.Verdict)
	}
	fmt.Fprintf(w, "\nVerifying: %.0f rows/s. The mover's end to end is from taking the job up until all is copied, caught up and verified.\n", r.Verify)
}

func durability(durable bool) string {
	if durable {
		return "flushed at every commit"
	}
	return "not flushed at commits"
}
