package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/community"
)

// worker runs the demo's jobs until stop is called, as `berth serve --worker`
// does.
func (d *demo) worker(ctx context.Context, c *cluster) (stop func(), err error) {
	cfg := c.mover()
	cfg.Name = "demo"
	w, err := move.NewWorker(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.Run(ctx) // it returns when ctx ends
	}()
	return func() { cancel(); <-done }, nil
}

// split is the second act: the first range is cut in two and its upper part
// moves to the last shard, while reads and writes go on.
func (d *demo) split(ctx context.Context, jobs *move.Jobs) error {
	m := d.repo.Router().Map()
	first, last := m.Entry(0), lastShard(m)
	if first.Shard == last {
		return nil // there is nowhere to move to
	}
	d.title("Half of what %s has moves to %s, while the same traffic goes on:", first.Shard, last)
	t := d.community.Traffic(d.repo)
	run, stop := context.WithCancel(ctx)
	var traffic sync.WaitGroup
	traffic.Go(func() { t.Run(run, demoWorkers) })
	at := time.Now()
	status := d.live(ctx, "split", first.Span.String(), "--to", last, "--yes")
	took := time.Since(at)
	stop()
	traffic.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case status != exitDone:
		return fmt.Errorf("the split of the demo ended with exit status %d", status)
	case t.Failed() != nil:
		return fmt.Errorf("a statement of the demo failed during the split: %w", t.Failed())
	}
	if list, err := jobs.List(ctx); err == nil && len(list) > 0 {
		d.job = list[len(list)-1].ID
	}
	fmt.Fprintln(d.out)
	d.step("traffic", "%d reads and writes in those %s, %.0f a second, none failed; the slowest took %s",
		t.Done(), seconds(took), float64(t.Done())/took.Seconds(), milliseconds(slowest(t.Take())))
	return nil
}

func lastShard(m *shard.Map) (name string) {
	for s := range m.Shards() {
		name = s.Name
	}
	return name
}

func slowest(stats []community.Stats) (d time.Duration) {
	for _, s := range stats {
		d = max(d, s.Slowest)
	}
	return d
}

// live runs a command as a user would, and shows at once what the user would
// see.
func (d *demo) live(ctx context.Context, args ...string) (status int) {
	fmt.Fprintf(d.out, "  $ berth %s\n", strings.Join(args, " "))
	user := d.streams
	user.out = &indented{to: d.out}
	user.colour, user.asks = false, false
	if !user.live {
		user.err = user.out
	}
	return run(ctx, user, append([]string{"--config", d.cluster.ConfigFile()}, args...))
}

// indented writes lines with two blanks before them.
type indented struct {
	mu     sync.Mutex // a command's progress and its log share it
	to     io.Writer
	inLine bool
}

func (w *indented) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out bytes.Buffer
	for line := range bytes.Lines(b) {
		if !w.inLine && len(line) > 1 {
			out.WriteString("  ")
		}
		out.Write(line)
		w.inLine = line[len(line)-1] != '\n'
	}
	if _, err := w.to.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(b), nil
}
