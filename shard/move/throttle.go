package move

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/berthdb/berth/shard/instance"
)

// throttle holds copying, verifying and cleaning back while the servers have
// enough to do. Applying the binlog is never held back: it has to keep up.
type throttle struct {
	from, to *server
	replicas []*sql.DB
	options  Options

	limit *rate.Limiter // rows

	pace *pace // nil: none
	told bool  // that a replica can't be asked

	mu     sync.Mutex
	reason string        // empty: nothing holds
	free   chan struct{} // closed when nothing holds
	share  float64       // of their time that workers may work
	slowed string        // why it is less than all
}

// throttleEvery is how often the servers are asked.
const throttleEvery = 500 * time.Millisecond

func newThrottle(from, to *server, replicas []*sql.DB, o Options) *throttle {
	t := &throttle{from: from, to: to, replicas: replicas, options: o, limit: rate.NewLimiter(rate.Inf, 0), free: make(chan struct{}), share: 1}
	close(t.free)
	if o.Rate > 0 {
		t.limit = rate.NewLimiter(rate.Limit(o.Rate), max(o.Rate, 1))
	}
	return t
}

// run asks the servers until ctx ends.
func (t *throttle) run(ctx context.Context) error {
	for {
		t.set(t.look(ctx))
		if err := t.adapt(ctx); err != nil {
			return err
		}
		if err := pauseFor(ctx, throttleEvery); err != nil {
			return err
		}
	}
}

func (t *throttle) look(ctx context.Context) (reason string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	maxLag := t.options.MaxLag
	if maxLag == 0 {
		maxLag = 10 * time.Second
	}
	for _, db := range t.replicas {
		r, err := instance.Lag(ctx, db)
		switch {
		case err != nil:
			// A replica that is down does not hold a move up; health tells of it.
			if ctx.Err() == nil && !t.told {
				t.told = true
				t.from.cfg.Logger.Warn("a replica can't be asked how far behind it is, so the move does not wait for it", "err", err)
			}
		case !r.Known:
			return fmt.Sprintf("a replica of %s does not replicate; start it, or take it out of the map: `berth shard instance remove`", r.Source)
		case r.Lag > maxLag:
			return fmt.Sprintf("replica lag %s, above %s", r.Lag, maxLag)
		}
	}
	for _, s := range []*server{t.from, t.to} {
		running, err := status(ctx, s.db, "Threads_running")
		if err != nil {
			return fmt.Sprintf("%s can't be asked: %v", s.shard.Name, err)
		}
		limit := t.options.MaxThreads
		if limit == 0 {
			limit = 64
		}
		if running > limit {
			return fmt.Sprintf("%d threads running on %s, above %d", running, s.shard.Name, limit)
		}
	}
	return ""
}

// adapt looks at how the primaries do, and slows the workers down or lets them
// go.
func (t *throttle) adapt(ctx context.Context) error {
	if t.pace == nil {
		return nil
	}
	reason, err := t.pace.look(ctx)
	if errors.Is(err, errSuperseded) {
		return err
	}
	if err != nil {
		return ctx.Err() // the server will be asked again, and others find out what it has
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.share, t.slowed = t.pace.share, reason
	return nil
}

// breathe waits after some work as long as the share asks for.
func (t *throttle) breathe(ctx context.Context, worked time.Duration) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	share := t.share
	t.mu.Unlock()
	if share >= 1 {
		return nil
	}
	return pauseFor(ctx, min(5*time.Second, time.Duration(float64(worked)*(1/share-1))))
}

func (t *throttle) set(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case reason != "" && t.reason == "":
		t.free = make(chan struct{})
	case reason == "" && t.reason != "":
		close(t.free)
	}
	t.reason = reason
}

// holding says what holds the job back now, or nothing.
func (t *throttle) holding() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reason == "" && t.limit.Limit() != rate.Inf && t.limit.Tokens() < 0 {
		return "the set rate of " + strconv.Itoa(t.options.Rate) + " rows a second"
	}
	if t.reason == "" {
		return t.slowed
	}
	return t.reason
}

// wait returns when another chunk may begin. A nil throttle holds nothing.
func (t *throttle) wait(ctx context.Context) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	free := t.free
	t.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-free:
		return nil
	}
}

// spent tells of rows that were written, and waits as the set rate asks for.
func (t *throttle) spent(ctx context.Context, rows int64) error {
	if t.limit.Limit() == rate.Inf {
		return nil
	}
	for burst := int64(t.limit.Burst()); rows > 0; rows -= burst {
		if err := t.limit.WaitN(ctx, int(min(rows, burst))); err != nil {
			return err
		}
	}
	return nil
}

// status is one of the server's counters.
func status(ctx context.Context, db instance.DB, name string) (int, error) {
	var n int
	err := db.QueryRowContext(ctx, "SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = ?", name).Scan(&n)
	return n, err
}
