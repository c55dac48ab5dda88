package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
)

const (
	latencyBar    = 1.03 // p50 of the plain driver's, at most
	throughputBar = 0.97 // of the plain driver's, at least
)

// routerResult is Berth against the plain driver.
type routerResult struct {
	MySQL   string `json:"mysql"`
	Rows    int    `json:"rows"`
	Members int    `json:"members"`
	Lines   []line `json:"lines"`
}

// line is one way to send one kind of statement.
type line struct {
	Manner      string  `json:"manner"`
	Statement   string  `json:"statement"`
	Connections int     `json:"connections"`
	Through     string  `json:"through"`
	PerSecond   float64 `json:"per_second"`
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	CPU         float64 `json:"cpu_ms_per_1000"` // of this process
	Allocs      float64 `json:"allocations"`     // a statement
	// To the plain driver's; nil for the plain driver itself.
	Latency    *ratio `json:"p50_ratio,omitempty"`
	Throughput *ratio `json:"throughput_ratio,omitempty"`
	Work       *ratio `json:"cpu_ratio,omitempty"`
	Verdict    string `json:"verdict,omitempty"`
}

// measureRouter compares the repository and the driver with the plain driver,
// each statement sent in the same manner.
func measureRouter(ctx context.Context, o options) (_ section, err error) {
	t, err := newTarget(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	got := routerResult{MySQL: t.server.Version().String(), Rows: members * perMember, Members: members}
	var ids atomic.Int64 // of inserted rows
	for _, m := range manners() {
		for _, n := range o.connections {
			lines, err := compareManner(ctx, o, t, m, n, &ids)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.name, err)
			}
			got.Lines = append(got.Lines, lines...)
		}
	}
	return got, nil
}

func compareManner(ctx context.Context, o options, t *target, m manner, connections int, ids *atomic.Int64) (lines []line, err error) {
	s, err := t.sides(ctx, connections, m.interpolate)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	ways, err := m.ways(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, what := range []struct {
		name string
		pick func(way) statement
	}{
		{"point select", func(w way) statement { return w.read }},
		{"insert", func(w way) statement { return fresh(ids, w.add) }},
	} {
		rounds, err := takeTurns(ctx, o, connections, ways, what.pick)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what.name, err)
		}
		for i, w := range ways {
			l := summary(rounds[i])
			if i > 0 {
				l.compare(rounds[i], rounds[0])
			}
			l.Manner, l.Statement, l.Connections, l.Through = m.name, what.name, connections, w.name
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// fresh gives each inserted row an id of its own.
func fresh(ids *atomic.Int64, add statement) statement {
	return func(ctx context.Context, member, _ int64) error { return add(ctx, member, perMember+ids.Add(1)) }
}

// takeTurns measures the ways, one after the other, round after round, and
// gives each one's turns.
func takeTurns(ctx context.Context, o options, connections int, ways []way, pick func(way) statement) ([][]turn, error) {
	rounds := make([][]turn, len(ways))
	for round := range o.rounds + 1 {
		// In no order: what a turn leaves behind, in this process and in the
		// server, must not always meet the same next one.
		for _, at := range rand.Perm(len(ways)) {
			runtime.GC()
			r, err := measure(ctx, o.duration, connections, ways[at].name, pick(ways[at]))
			if err != nil {
				return nil, fmt.Errorf("through the %s: %w", ways[at].name, err)
			}
			if round > 0 { // the first one warms up
				rounds[at] = append(rounds[at], r)
			}
		}
	}
	return rounds, nil
}

func (r routerResult) print(w io.Writer) {
	fmt.Fprintf(w, "Against the plain driver, on MySQL %s with %d rows of %d members\n", r.MySQL, r.Rows, r.Members)
	fmt.Fprintf(w, "Ratios to the plain driver's, and what noise leaves open. Bars: p50 at most %.2f, throughput at least %.2f\n", latencyBar, throughputBar)
	for i, l := range r.Lines {
		if i == 0 || l.Manner != r.Lines[i-1].Manner {
			fmt.Fprintf(w, "\n%s\n%-12s %4s  %-12s %8s %7s %7s %8s %6s   %-16s  %-16s  %s\n",
				l.Manner, "", "conn", "through", "per s", "p50 ms", "p99 ms", "cpu ms/k", "allocs", "p50", "throughput", "cpu")
		}
		what, conn := l.Statement, fmt.Sprint(l.Connections)
		if l.Latency != nil {
			what, conn = "", ""
		}
		fmt.Fprintf(w, "%-12s %4s  %-12s %8.0f %7.3f %7.3f %8.1f %6.1f", what, conn, l.Through, l.PerSecond, l.P50, l.P99, l.CPU, l.Allocs)
		if l.Latency != nil {
			fmt.Fprintf(w, "   %s  %s  %4.2f  %s", l.Latency, l.Throughput, l.Work.Median, l.Verdict)
		}
		fmt.Fprintln(w)
	}
}
