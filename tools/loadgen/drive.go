package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/berthdb/berth/tools/community"
)

// drive runs the traffic for that long, or until ctx ends, and prints a block
// of lines each second.
func drive(ctx context.Context, out io.Writer, t *community.Traffic, workers int, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	begun := time.Now()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t.Run(ctx, workers)
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	fmt.Fprintf(out, "%4s  %-8s %8s %8s %9s %9s %7s\n", "s", "shard", "reads/s", "writes/s", "p50", "p99", "failed")
	for {
		select {
		case <-ended:
			took := time.Since(begun).Seconds()
			fmt.Fprintf(out, "%d reads and writes in %.1f s, %.0f a second\n", t.Done(), took, float64(t.Done())/took)
			if err := t.Failed(); err != nil {
				return fmt.Errorf("the first that failed was on %w", err)
			}
			return nil
		case <-tick.C:
		}
		printStats(out, time.Since(begun), t.Take())
	}
}

func printStats(out io.Writer, at time.Duration, stats []community.Stats) {
	for _, s := range stats {
		n := s.PerSecond / max(1, float64(s.Reads+s.Writes)) // seconds of one
		fmt.Fprintf(out, "%4.0f  %-8s %8.0f %8.0f %6.2f ms %6.2f ms %7d\n",
			at.Seconds(), s.Shard, float64(s.Reads)*n, float64(s.Writes)*n, milliseconds(s.P50), milliseconds(s.P99), s.Failures)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
