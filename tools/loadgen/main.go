// Command loadgen runs a community's traffic against a cluster that is already
// there, and prints once a second what each shard does:
//
//	go run ./tools/loadgen --config DIR/berth.yaml --load --members 2000 --seconds 30
//
// It needs the tables of tools/community on every shard and in the catalogue;
// berth demo makes them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/berthdb/berth/configs"
	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/tools/community"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "loadgen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	file := flag.String("config", "", "configuration `FILE`, as berth finds it by default")
	members := flag.Int("members", 2000, "members of the community")
	seed := flag.Uint64("seed", 1, "seed of the community")
	load := flag.Bool("load", false, "write the community's rows first")
	workers := flag.Int("workers", 8, "statements at once")
	seconds := flag.Int("seconds", 10, "how long")
	flag.Parse()

	path, err := configs.Find(*file)
	if err != nil {
		return err
	}
	if path == "" {
		return fmt.Errorf("no configuration was found; name one with --config")
	}
	cfg, err := configs.Load(path)
	if err != nil {
		return err
	}
	store, err := cfg.OpenStore(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	r, err := router.Open(ctx, cfg.Router(store, cfg.Logger(os.Stderr)))
	if err != nil {
		return err
	}
	defer r.Close()
	repo := router.NewRepository(r)
	defer repo.Close()
	c := community.New(community.Spec{Members: *members, Seed: *seed})
	if *load {
		if err := c.Load(ctx, repo, *workers, nil); err != nil {
			return err
		}
		fmt.Printf("%d rows of %d members\n", c.Rows(), c.Members())
	}
	return drive(ctx, c.Traffic(repo), *workers, time.Duration(*seconds)*time.Second)
}

func drive(ctx context.Context, t *community.Traffic, workers int, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- t.Run(ctx, workers) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err == nil {
				err = t.Failed()
			}
			return err
		case <-tick.C:
		}
		for _, s := range t.Take() {
			fmt.Printf("%-8s %7.0f/s  p50 %6.2f ms  p99 %6.2f ms  %d failed\n", s.Shard, s.PerSecond, ms(s.P50), ms(s.P99), s.Failures)
		}
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
