package main

import (
	"context"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"
)

// statement does one thing for a row of a member.
type statement func(ctx context.Context, member, id int64) error

// result is one measurement.
type result struct {
	perSecond float64
	p50, p99  float64 // ms
	cpu       float64 // ms of this process per 1,000 statements
}

// measure runs the statement on so many goroutines for that long.
func measure(ctx context.Context, d time.Duration, workers int, do statement) (result, error) {
	histograms := make([]*hdrhistogram.Histogram, workers)
	g, ctx := errgroup.WithContext(ctx)
	begun, used := time.Now(), cpuTime()
	end := begun.Add(d)
	for w := range workers {
		h := hdrhistogram.New(1, 60_000_000, 3)
		histograms[w] = h
		random := rand.New(rand.NewPCG(uint64(w), uint64(begun.UnixNano())))
		g.Go(func() error {
			for at := time.Now(); at.Before(end) && ctx.Err() == nil; {
				member, id := random.Int64N(members)+1, random.Int64N(perMember)
				if err := do(ctx, member, id); err != nil {
					return err
				}
				now := time.Now()
				_ = h.RecordValue(min(now.Sub(at).Microseconds()+1, 60_000_000)) // within its bounds
				at = now
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return result{}, err
	}
	took, cpu := time.Since(begun), cpuTime()-used
	all := hdrhistogram.New(1, 60_000_000, 3)
	for _, h := range histograms {
		all.Merge(h)
	}
	n := float64(all.TotalCount())
	return result{
		perSecond: n / took.Seconds(), p50: float64(all.ValueAtQuantile(50)) / 1000, p99: float64(all.ValueAtQuantile(99)) / 1000,
		cpu: float64(cpu.Milliseconds()) / n * 1000,
	}, nil
}

// medians is the median of each figure.
func medians(rs []result) result {
	pick := func(get func(result) float64) float64 {
		var v []float64
		for _, r := range rs {
			v = append(v, get(r))
		}
		return median(v)
	}
	return result{
		perSecond: pick(func(r result) float64 { return r.perSecond }),
		p50:       pick(func(r result) float64 { return r.p50 }),
		p99:       pick(func(r result) float64 { return r.p99 }),
		cpu:       pick(func(r result) float64 { return r.cpu }),
	}
}

// cpuTime is what this process has used, user and system.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
