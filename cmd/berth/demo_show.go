package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/community"
)

// demoWorkers is how many statements the demo has under way at once.
const demoWorkers = 8

// show loads the community, runs traffic, and tells what came of it.
func (d *demo) show(ctx context.Context) error {
	if err := d.load(ctx); err != nil {
		return err
	}
	stats, err := d.traffic(ctx)
	if err != nil {
		return err
	}
	if err := d.shards(ctx, stats); err != nil {
		return err
	}
	busiest := strconv.FormatInt(d.community.Busiest(), 10)
	d.title("Each member has one home. That of the busiest, %s:", busiest)
	d.try(ctx, "map", "lookup", busiest)
	d.title("A statement reaches its member's rows:")
	d.try(ctx, "sql", "--member", busiest, "SELECT COUNT(*) AS mine FROM messages WHERE member_id = "+busiest)
	d.title("One that could reach the rows of others is refused:")
	d.try(ctx, "sql", "--member", busiest, "SELECT COUNT(*) FROM messages")
	return ctx.Err()
}

// title begins a part of the show.
func (d *demo) title(format string, args ...any) {
	fmt.Fprintf(d.out, "\n%s\n\n", d.paint(text.Bold, fmt.Sprintf(format, args...)))
}

// traffic runs reads and writes for some seconds.
func (d *demo) traffic(ctx context.Context) ([]community.Stats, error) {
	run, cancel := context.WithTimeout(ctx, time.Duration(d.o.seconds)*time.Second)
	defer cancel()
	t := d.community.Traffic(d.repo)
	at := time.Now()
	stop := d.screen.progress(func() string {
		passed := time.Since(at).Seconds()
		return fmt.Sprintf("traffic   %.0f of %d s: %d reads and writes, %.0f a second", passed, d.o.seconds, t.Done(), float64(t.Done())/passed)
	})
	t.Run(run, demoWorkers)
	took := time.Since(at)
	stop()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case t.Failed() != nil:
		return nil, fmt.Errorf("a statement of the demo failed: %w", t.Failed())
	}
	d.step("traffic", "%d reads and writes by %d workers in %s, %.0f a second, none failed", t.Done(), demoWorkers, seconds(took), float64(t.Done())/took.Seconds())
	return t.Take(), nil
}

// shards prints a line for each shard.
func (d *demo) shards(ctx context.Context, stats []community.Stats) error {
	m := d.repo.Router().Map()
	members := map[string]int{}
	for id := range d.community.Members() {
		members[m.Entry(m.Lookup(shard.Int(int64(id+1)))).Shard]++
	}
	var mu sync.Mutex
	rows := map[string]int64{}
	err := d.repo.Each(ctx, func(ctx context.Context, s router.Shard) error {
		for _, t := range community.Tables() {
			var n int64
			if err := s.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+t.Name).Scan(&n); err != nil {
				return err
			}
			mu.Lock()
			rows[s.Name] += n
			mu.Unlock()
		}
		return nil
	})
	if err != nil {
		return err
	}
	var lines [][]any
	for _, s := range stats {
		lines = append(lines, []any{
			s.Shard, members[s.Shard], rows[s.Shard], s.Reads, s.Writes, fmt.Sprintf("%.0f", s.PerSecond), milliseconds(s.P50), milliseconds(s.P99),
		})
	}
	d.title("What each shard has and did (a read is one query, a write a transaction of two):")
	d.grid([]column{left("shard"), right("members"), right("rows"), right("reads"), right("writes"), right("per second"), right("p50"), right("p99")}, lines)
	return nil
}

// try runs a command as a user would, and shows what the user would see.
func (d *demo) try(ctx context.Context, args ...string) {
	shown := make([]string, len(args))
	for i, arg := range args {
		shown[i] = arg
		if strings.ContainsAny(arg, " *()") {
			shown[i] = strconv.Quote(arg)
		}
	}
	fmt.Fprintf(d.out, "  $ berth %s\n", strings.Join(shown, " "))
	var said strings.Builder
	user := d.streams
	user.out, user.err, user.colour, user.live, user.asks = &said, &said, false, false, false
	run(ctx, user, append([]string{"--config", d.cluster.ConfigFile()}, args...))
	for line := range strings.Lines(said.String()) {
		fmt.Fprint(d.out, "  ", line)
	}
}
