package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

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
	fmt.Fprintf(d.out, "\nEach member has one home. That of the busiest, %s:\n\n", busiest)
	d.try(ctx, "map", "lookup", busiest)
	fmt.Fprintf(d.out, "\nA statement reaches its member's rows and no others:\n\n")
	d.try(ctx, "sql", "--member", busiest, "SELECT COUNT(*) AS mine FROM messages WHERE member_id = "+busiest)
	fmt.Fprintln(d.out)
	d.try(ctx, "sql", "--member", busiest, "SELECT COUNT(*) FROM messages")
	return ctx.Err()
}

// traffic runs reads and writes for some seconds.
func (d *demo) traffic(ctx context.Context) ([]community.Stats, error) {
	run, cancel := context.WithTimeout(ctx, time.Duration(d.o.seconds)*time.Second)
	defer cancel()
	t := d.community.Traffic(d.repo)
	at := time.Now()
	stop := d.progress(func() string {
		return fmt.Sprintf("traffic   %d of %d s, %d in flight", int(time.Since(at).Seconds()), d.o.seconds, inFlight(d.repo.Stat()))
	})
	err := t.Run(run, demoWorkers)
	stop()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	case t.Failed() != nil:
		return nil, fmt.Errorf("a statement of the demo failed: %w", t.Failed())
	}
	stats := t.Take()
	total := 0.0
	for _, s := range stats {
		total += s.PerSecond
	}
	d.step("traffic", "%s of reads and writes by %d workers: %.0f a second, none failed", seconds(time.Since(at)), demoWorkers, total)
	return stats, nil
}

func inFlight(st router.Stat) (n int) {
	for _, s := range st.Servers {
		n += s.InFlight
	}
	return n
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
			s.Shard, members[s.Shard], rows[s.Shard], fmt.Sprintf("%.0f", s.PerSecond), s.Reads, s.Writes, milliseconds(s.P50), milliseconds(s.P99),
		})
	}
	fmt.Fprintln(d.out)
	d.grid([]column{left("shard"), right("members"), right("rows"), right("queries/s"), right("reads"), right("writes"), right("p50"), right("p99")}, lines)
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

// invite prints what to try while it runs.
func (d *demo) invite() {
	busiest := d.community.Busiest()
	first := d.cluster.Record().Shards[0]
	fmt.Fprintf(d.out, `
It goes on running until Ctrl-C, which removes it. In another terminal:

  export BERTH_CONFIG=%s
  %[2]s map show
  %[2]s sql --member %[3]d "SELECT * FROM contacts WHERE member_id = %[3]d LIMIT 5"
  %[2]s sql --all "SELECT COUNT(*) FROM messages"
  %[2]s member count %[3]d
  %[2]s health
  go run ./tools/loadgen --seconds 30
  mysql -h %[4]s -P %[5]d -u %[6]s -p"$(cat %[7]s)" %[8]s
`, d.cluster.ConfigFile(), program(), busiest, first.Host, first.Port, first.User,
		filepath.Join(d.cluster.Dir(), "app.password"), first.Database)
}

// program is how the user can run this program again.
func program() string {
	path, err := os.Executable()
	if err != nil || strings.Contains(path, "go-build") { // by go run, which removes it
		return "go run ./cmd/berth"
	}
	return path
}

// progress shows a line that is renewed on a terminal, and is said now and then
// elsewhere, until stop is called.
func (d *demo) progress(line func() string) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	every := 5 * time.Second
	if d.live {
		every = 200 * time.Millisecond
	}
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				if d.live {
					fmt.Fprint(d.err, "\r\x1b[K")
				}
				return
			case <-tick.C:
			}
			if d.live {
				fmt.Fprintf(d.err, "\r\x1b[K%s", line())
			} else {
				fmt.Fprintln(d.err, line())
			}
		}
	}()
	return func() { close(done); <-ended }
}
