package main

import (
	"fmt"
	"math"
	"slices"
)

// ratio is the median of the rounds' ratios, and the interval that holds the
// true one in nineteen of twenty runs, by the sign test: it asks nothing of how
// the noise is distributed.
type ratio struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

func (r ratio) String() string { return fmt.Sprintf("%4.2f (%4.2f-%4.2f)", r.Median, r.Low, r.High) }

// summary is the medians of the turns.
func summary(turns []turn) line {
	over := func(get func(turn) float64) float64 {
		v := make([]float64, len(turns))
		for i, t := range turns {
			v[i] = get(t)
		}
		return median(v)
	}
	return line{
		PerSecond: over(perSecond), P50: over(p50), P99: over(func(t turn) float64 { return t.p99 }),
		CPU: over(cpu), Allocs: over(func(t turn) float64 { return t.allocs }),
	}
}

func perSecond(t turn) float64 { return t.perSecond }
func p50(t turn) float64       { return t.p50 }
func cpu(t turn) float64       { return t.cpu }

// compare holds the line's turns against the plain driver's of the same rounds.
func (l *line) compare(own, base []turn) {
	to := func(get func(turn) float64) *ratio {
		v := make([]float64, len(own))
		for i := range own {
			v[i] = get(own[i]) / get(base[i])
		}
		return ratioOf(v)
	}
	l.Latency, l.Throughput, l.Work = to(p50), to(perSecond), to(cpu)
	switch {
	case l.Latency.Median <= latencyBar && l.Throughput.Median >= throughputBar:
		l.Verdict = "met"
	case l.Latency.Low <= latencyBar && l.Throughput.High >= throughputBar:
		l.Verdict = "open" // the noise is wider than the distance to the bar
	default:
		l.Verdict = "MISSED"
	}
}

// ratioOf sorts the rounds' ratios. With n rounds the number of those below
// the true median is binomial, so that the interval leaves out about as many
// on each side as n/2 less 1.96 standard deviations.
func ratioOf(rounds []float64) *ratio {
	sorted := slices.Sorted(slices.Values(rounds))
	n := float64(len(sorted))
	out := max(0, int(math.Floor(n/2-0.98*math.Sqrt(n))))
	return &ratio{Median: median(sorted), Low: sorted[out], High: sorted[len(sorted)-1-out]}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
