package move

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/rows"
)

const (
	verifyGroup = 200 // members compared by one question to each server
	settleTries = 10  // of members whose rows are in flight
)

// verify compares every member's rows on both servers until they agree. A
// difference that stays is told with table, key and column, and stops the job.
func (r *run) verify(ctx context.Context, t *tail) error {
	r.count(func(c *counters) { c.verifiedRows, c.mismatch = 0, 0 })
	for _, table := range r.tables {
		if err := r.verifyTable(ctx, t, table); err != nil {
			return fmt.Errorf("verifying table %s: %w", table.Name, err)
		}
	}
	return nil
}

func (r *run) verifyTable(ctx context.Context, t *tail, table rows.Table) error {
	g, ctx := errgroup.WithContext(ctx)
	groups := make(chan []shard.Member)
	g.Go(func() error {
		defer close(groups)
		return r.everybody(ctx, table, func(list []shard.Member) error { return send(ctx, groups, list) })
	})
	for range 2 {
		g.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case list, ok := <-groups:
					if !ok {
						return nil
					}
					if err := r.throttle.wait(ctx); err != nil {
						return err
					}
					began := time.Now()
					if err := r.compare(ctx, t, table, list); err != nil {
						return err
					}
					if err := r.throttle.breathe(ctx, time.Since(began)); err != nil {
						return err
					}
				}
			}
		})
	}
	return g.Wait()
}

// everybody goes through the span's members that have rows in the table on
// either server, in groups.
func (r *run) everybody(ctx context.Context, table rows.Table, each func([]shard.Member) error) error {
	if r.span.IsPin() {
		return each([]shard.Member{r.span.Pin})
	}
	for low, more := (shard.Member{}), true; more; {
		here, high, err := r.members(ctx, r.from, table, low)
		if err != nil {
			return err
		}
		more = !high.IsZero()
		union := map[shard.Member]bool{}
		for _, m := range here {
			union[m] = true
		}
		for at := low; ; {
			there, next, err := r.members(ctx, r.to, table, at)
			if err != nil {
				return err
			}
			for _, m := range there {
				if high.IsZero() || !table.Less(high, m) {
					union[m] = true
				}
			}
			if next.IsZero() || !high.IsZero() && !table.Less(next, high) {
				break
			}
			at = next
		}
		group := make([]shard.Member, 0, verifyGroup)
		for m := range union {
			if group = append(group, m); len(group) == verifyGroup {
				if err := each(group); err != nil {
					return err
				}
				group = make([]shard.Member, 0, verifyGroup)
			}
		}
		if len(group) > 0 {
			if err := each(group); err != nil {
				return err
			}
		}
		low = high
	}
	return nil
}

// compare asks both servers for the sums of the members' rows, and looks
// closer at those that differ.
func (r *run) compare(ctx context.Context, t *tail, table rows.Table, list []shard.Member) error {
	r.asks.Add(4)
	source, target, err := r.sums(ctx, t, table, list)
	if err != nil {
		return err
	}
	var total uint64
	var differ []shard.Member
	for _, m := range list {
		total += source[m].Rows
		if source[m] != target[m] {
			differ = append(differ, m)
		}
	}
	if err := r.settle(ctx, t, table, differ); err != nil {
		return err
	}
	r.count(func(c *counters) { c.verifiedRows += int64(total) })
	return nil
}

// sums asks both servers at the same time.
func (r *run) sums(ctx context.Context, t *tail, table rows.Table, list []shard.Member) (source, target map[shard.Member]rows.Sum, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { source, err = table.Sums(ctx, t.source.db, list); return err })
	g.Go(func() (err error) { target, err = table.Sums(ctx, t.target.db, list); return err })
	return source, target, g.Wait()
}

// errInFlight: the members' rows changed each time that they were looked at.
var errInFlight = errors.New("the rows change too fast to be compared")

// settle compares members whose rows may be on their way until they agree, or
// differ for good.
func (r *run) settle(ctx context.Context, t *tail, table rows.Table, differ []shard.Member) error {
	caughtUp := func(ctx context.Context) error {
		set, err := executed(ctx, t.source.db)
		if err != nil {
			return err
		}
		return t.through(ctx, set)
	}
	for try := 0; len(differ) > 0; try++ {
		if try == settleTries {
			return r.settleRows(ctx, t, table, differ, caughtUp)
		}
		if err := pauseFor(ctx, time.Duration(try)*20*time.Millisecond); err != nil {
			return err
		}
		v, err := table.Recheck(ctx, t.source.db, t.target.db, caughtUp, differ)
		if err != nil {
			return err
		}
		if len(v.Differ) > 0 {
			list, err := table.Differ(ctx, t.source.db, t.target.db, v.Differ[0])
			if err != nil {
				return err
			}
			return r.mismatch(t, v.Differ[0], list)
		}
		differ = v.InFlight
	}
	return nil
}

// settleRows looks at each row of members that never stand still.
func (r *run) settleRows(ctx context.Context, t *tail, table rows.Table, hot []shard.Member, caughtUp func(context.Context) error) error {
	for _, m := range hot {
		list, settled, err := table.Settle(ctx, t.source.db, t.target.db, caughtUp, m)
		switch {
		case err != nil:
			return err
		case len(list) > 0:
			return r.mismatch(t, m, list)
		case !settled:
			return fmt.Errorf("member %s in table %s: %w", m, table.Name, errInFlight)
		}
	}
	return nil
}

func places(n int) string {
	if n == 1 {
		return "one place"
	}
	return fmt.Sprintf("%d places", n)
}

// mismatch tells what differs.
func (r *run) mismatch(t *tail, m shard.Member, list []rows.Difference) error {
	r.count(func(c *counters) { c.mismatch += int64(max(1, len(list))) })
	var lines []string
	for _, d := range list[:min(len(list), 5)] {
		lines = append(lines, d.String())
	}
	which := "the copy on"
	if t.source == r.to {
		which = "what is kept for the way back on"
	}
	return stop("%s shard %s differs from shard %s for member %s in %s: %s; find out who writes there, put it right and go on: `berth job resume %s`; or %s",
		which, t.target.shard.Name, t.source.shard.Name, m, places(len(list)), strings.Join(lines, "; "), r.id, t.giveUp)
}
