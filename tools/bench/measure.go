package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"
)

// statement does one thing for a row of a member.
type statement func(ctx context.Context, member, id int64) error

// turn is one measurement.
type turn struct {
	perSecond float64
	p50, p99  float64 // ms
	cpu       float64 // ms of this process per 1,000 statements
	allocs    float64 // per statement
}

// longest is the largest latency that is recorded as it is, in microseconds.
const longest = 60_000_000

// measure runs the statement on so many goroutines for that long.
func measure(ctx context.Context, d time.Duration, workers int, through string, do statement) (turn, error) {
	histograms := make([]*hdrhistogram.Histogram, workers)
	for w := range histograms {
		histograms[w] = hdrhistogram.New(1, longest, 3)
	}
	g, running := errgroup.WithContext(ctx)
	allocated := mallocs()
	begun, used := time.Now(), cpuTime()
	end := begun.Add(d)
	for w := range workers {
		h := histograms[w]
		random := rand.New(rand.NewPCG(uint64(w), uint64(begun.UnixNano())))
		g.Go(func() (err error) {
			pprof.Do(running, pprof.Labels("through", through), func(ctx context.Context) {
				for at := time.Now(); at.Before(end) && err == nil; {
					err = do(ctx, random.Int64N(members)+1, random.Int64N(perMember))
					now := time.Now()
					_ = h.RecordValue(min(max(now.Sub(at).Microseconds(), 1), longest)) // within its bounds
					at = now
				}
			})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return turn{}, err
	}
	took, cpu := time.Since(begun), cpuTime()-used
	allocated = mallocs() - allocated
	all := histograms[0]
	for _, h := range histograms[1:] {
		all.Merge(h)
	}
	n := float64(all.TotalCount())
	if n == 0 {
		return turn{}, fmt.Errorf("nothing was done within %s; give --duration more", d)
	}
	return turn{
		perSecond: n / took.Seconds(),
		p50:       float64(all.ValueAtQuantile(50)) / 1000,
		p99:       float64(all.ValueAtQuantile(99)) / 1000,
		cpu:       cpu.Seconds() * 1000 / n * 1000,
		allocs:    float64(allocated) / n,
	}, nil
}

// cpuTime is what this process has used, user and system.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// mallocs is how many objects this process has allocated.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
