package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// foregroundBar is the clients' median while copying to that without, at most.
const foregroundBar = 2.0

// foregroundResult is what a move costs those who use the shard.
type foregroundResult struct {
	MySQL   string           `json:"mysql"`
	Rows    int              `json:"rows"`
	Rate    int              `json:"transactions_per_second"`
	Durable bool             `json:"durable"`
	Lines   []foregroundLine `json:"lines"`
	Copy    float64          `json:"copied_rows_per_second"`
	Verify  float64          `json:"verified_rows_per_second"`
	Verdict string           `json:"verdict"`
}

// foregroundLine is one time, medians of the rounds.
type foregroundLine struct {
	While     string         `json:"while"`
	PerSecond float64        `json:"transactions_per_second"`
	P50       float64        `json:"p50_ms"`
	P99       float64        `json:"p99_ms"`
	Failed    map[string]int `json:"failed,omitempty"`
	// To those of the same round's quiet time.
	Latency *ratio `json:"p50_ratio,omitempty"`
	Tail    *ratio `json:"p99_ratio,omitempty"`
}

// foregroundRound is a feeling of each time.
type foregroundRound struct {
	alone, copying, verifying feeling
	seconds                   [3]float64
	copied, verified          float64 // rows a second
}

func measureMoveForeground(ctx context.Context, o moveOptions) (_ section, err error) {
	c, err := newCluster(ctx, o, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.fill(ctx, o.rows, o.members, 0); err != nil {
		return nil, err
	}
	everybody := func(shard.Member) bool { return true }
	l, err := c.newLoad(ctx, o, everybody, anyOf(o.members))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	stop, err := c.worker(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := sleep(ctx, o.quiet/2); err != nil { // connections, caches
		return nil, err
	}
	var rounds []foregroundRound
	for range o.rounds {
		r, err := c.foregroundRound(ctx, o, l)
		if err != nil {
			return nil, err
		}
		rounds = append(rounds, r)
	}
	got := foregroundResult{MySQL: c.version(), Rows: o.rows, Rate: o.rate, Durable: !o.relaxed}
	got.sum(rounds)
	return got, nil
}

func (c *cluster) foregroundRound(ctx context.Context, o moveOptions, l *load) (r foregroundRound, err error) {
	if err := errors.Join(c.purge(ctx, s1), c.empty(ctx, s2)); err != nil {
		return r, err
	}
	l.forget()
	if err := sleep(ctx, time.Second); err != nil {
		return r, err
	}
	quiet := span{from: time.Now()}
	if err := sleep(ctx, o.quiet); err != nil {
		return r, err
	}
	quiet.to = time.Now()
	job, err := c.start(ctx, move.Request{Range: c.ranges[0], Options: move.Options{Hold: true}})
	if err != nil {
		return r, err
	}
	if job, err = c.phase(ctx, job.ID, move.Ready); err != nil {
		return r, err
	}
	copying, verifying := spent(job, move.Copying), spent(job, move.Verifying)
	for _, part := range []struct {
		of span
		to *feeling
	}{{quiet, &r.alone}, {copying, &r.copying}, {verifying, &r.verifying}} {
		all, _, err := l.during(ctx, part.of)
		if err != nil {
			return r, err
		}
		*part.to = feelingOf(all)
	}
	r.seconds = [3]float64{quiet.length().Seconds(), copying.length().Seconds(), verifying.length().Seconds()}
	r.copied = float64(job.RowsCopied) / copying.length().Seconds()
	r.verified = float64(job.VerifiedRows) / verifying.length().Seconds()
	return r, c.drop(ctx, job.ID)
}

func (r *foregroundResult) sum(rounds []foregroundRound) {
	r.Copy = medianOf(rounds, func(r foregroundRound) float64 { return r.copied })
	r.Verify = medianOf(rounds, func(r foregroundRound) float64 { return r.verified })
	for i, what := range []struct {
		name string
		of   func(foregroundRound) feeling
	}{
		{"without a move", func(r foregroundRound) feeling { return r.alone }},
		{"while copying", func(r foregroundRound) feeling { return r.copying }},
		{"while verifying", func(r foregroundRound) feeling { return r.verifying }},
	} {
		l := foregroundLine{
			While:     what.name,
			Failed:    map[string]int{},
			P50:       medianOf(rounds, func(r foregroundRound) float64 { return what.of(r).P50 }),
			P99:       medianOf(rounds, func(r foregroundRound) float64 { return what.of(r).P99 }),
			PerSecond: medianOf(rounds, func(r foregroundRound) float64 { return float64(what.of(r).Transactions) / r.seconds[i] }),
		}
		var p50s, p99s []float64
		for _, r := range rounds {
			f := what.of(r)
			addUp(l.Failed, f.Failed)
			if f.Transactions > 0 && r.alone.Transactions > 0 { // a small table is copied between two of them
				p50s, p99s = append(p50s, f.P50/r.alone.P50), append(p99s, f.P99/r.alone.P99)
			}
		}
		if i > 0 && len(p50s) > 0 {
			l.Latency, l.Tail = ratioOf(p50s), ratioOf(p99s)
		}
		r.Lines = append(r.Lines, l)
	}
	if copying := r.Lines[1].Latency; copying != nil {
		r.Verdict = verdict(copying.Median <= foregroundBar)
	}
}

func (r foregroundResult) print(w io.Writer) {
	fmt.Fprintf(w, "The foreground at %d transactions/s beside a move of all %d rows, MySQL %s, %s\n", r.Rate, r.Rows, r.MySQL, durability(r.Durable))
	fmt.Fprintf(w, "Bar: the p50 while copying at most %.1f times that without: %s\n\n", foregroundBar, r.Verdict)
	fmt.Fprintf(w, "%-18s %8s %8s %8s   %-17s  %-17s  %s\n", "", "tx/s", "p50 ms", "p99 ms", "p50", "p99", "failed")
	for _, l := range r.Lines {
		fmt.Fprintf(w, "%-18s %8.0f %8.2f %8.2f", l.While, l.PerSecond, l.P50, l.P99)
		var p50, p99 string
		if l.Latency != nil {
			p50, p99 = l.Latency.String(), l.Tail.String()
		}
		fmt.Fprintf(w, "   %-17s  %-17s  %s\n", p50, p99, counted(l.Failed))
	}
	fmt.Fprintf(w, "\nMeanwhile: %.0f rows/s copied, %.0f rows/s verified.\n", r.Copy, r.Verify)
}

// sleep waits, unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
