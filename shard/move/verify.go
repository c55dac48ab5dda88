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
	verifyTries = 30  // of a member whose rows are in flight
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
					if err := r.compare(ctx, t, table, list); err != nil {
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

// compare asks both servers for the sums of the members' rows, and again for
// those that differ.
func (r *run) compare(ctx context.Context, t *tail, table rows.Table, list []shard.Member) error {
	source, target, err := r.sums(ctx, t, table, list)
	if err != nil {
		return err
	}
	var total uint64
	for _, m := range list {
		total += source[m].Rows
		if source[m] == target[m] {
			continue
		}
		if err := r.settle(ctx, t, table, m); err != nil {
			return err
		}
	}
	r.count(func(c *counters) { c.verifiedRows += int64(total) })
	return nil
}

// sums asks both servers at the same time.
func (r *run) sums(ctx context.Context, t *tail, table rows.Table, list []shard.Member) (source, target map[shard.Member]rows.Sum, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { source, err = table.Sums(ctx, t.source.db, list); return err })
	g.Go(func() (err error) {
		there := table
		there.Database = t.target.shard.Database
		target, err = there.Sums(ctx, t.target.db, list)
		return err
	})
	return source, target, g.Wait()
}

// errInFlight: the member's rows changed each time that they were looked at.
var errInFlight = errors.New("the rows change too fast to be compared")

// settle compares one member's rows until they agree, or differ for good: the
// source gives the same twice, and the target, with everything applied that
// the source had in between, something else.
func (r *run) settle(ctx context.Context, t *tail, table rows.Table, m shard.Member) error {
	one := []shard.Member{m}
	there := table
	there.Database = t.target.shard.Database
	for try := range verifyTries {
		before, err := table.Sums(ctx, t.source.db, one)
		if err != nil {
			return err
		}
		set, err := executed(ctx, t.source.db)
		if err != nil {
			return err
		}
		if err := t.through(ctx, set); err != nil {
			return err
		}
		target, err := there.Sums(ctx, t.target.db, one)
		if err != nil {
			return err
		}
		if target[m] == before[m] {
			return nil
		}
		after, err := table.Sums(ctx, t.source.db, one)
		if err != nil {
			return err
		}
		switch {
		case target[m] == after[m]:
			return nil
		case before[m] == after[m]:
			return r.mismatch(ctx, t, table, m)
		}
		if err := pauseFor(ctx, time.Duration(try)*10*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("member %s in table %s: %w", m, table.Name, errInFlight)
}

// mismatch tells what differs.
func (r *run) mismatch(ctx context.Context, t *tail, table rows.Table, m shard.Member) error {
	list, err := rows.Differ(ctx, t.source.db, t.target.db, table, m)
	if err != nil {
		return err
	}
	r.count(func(c *counters) { c.mismatch += int64(max(1, len(list))) })
	var lines []string
	for _, d := range list[:min(len(list), 5)] {
		lines = append(lines, d.String())
	}
	return stop("the copy on shard %s differs from shard %s for member %s in %d places: %s; find out who writes there, then cancel the job and start it again: `berth job cancel %s`",
		t.target.shard.Name, t.source.shard.Name, m, len(list), strings.Join(lines, "; "), r.id)
}

// sampleEvery is how often some members are compared while the way back is
// open.
const sampleEvery = 20 * time.Second

// sample compares some members again and again after the switch.
func (r *run) sample(ctx context.Context, t *tail) error {
	for after := (shard.Member{}); ; {
		if err := pauseFor(ctx, sampleEvery); err != nil {
			return err
		}
		var next shard.Member
		for _, table := range r.tables {
			list, last, err := r.members(ctx, t.source, table, after)
			if err != nil {
				return err
			}
			if len(list) > 20 {
				list = list[:20]
				last = list[19]
			}
			if err := r.compareQuietly(ctx, t, table, list); err != nil {
				return err
			}
			next = last
		}
		after = next
	}
}

func (r *run) compareQuietly(ctx context.Context, t *tail, table rows.Table, list []shard.Member) error {
	if len(list) == 0 {
		return nil
	}
	err := r.compare(ctx, t, table, list)
	if errors.Is(err, errInFlight) {
		return nil
	}
	return err
}
