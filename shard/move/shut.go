package move

import (
	"context"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard/instance"
)

// shut is steps 2 and 3, side by side: the fence, and the routers'
// acknowledgements.
func (c *cutover) shut(ctx context.Context) (acknowledged map[string]bool, err error) {
	g, ctx := errgroup.WithContext(ctx)
	if !fenceFirst.off() {
		g.Go(func() error { return c.raiseFence(ctx) })
	}
	g.Go(func() (err error) {
		if err := c.fail.at("before-acknowledgements"); err != nil {
			return err
		}
		if acknowledged, err = c.acknowledgements(ctx); err != nil {
			return err
		}
		return c.fail.at("after-acknowledgements")
	})
	return acknowledged, g.Wait()
}

func (c *cutover) raiseFence(ctx context.Context) error {
	if err := c.fail.at("before-fence"); err != nil {
		return err
	}
	if err := instance.RaiseFence(ctx, c.from.db, c.span, c.epoch, c.id()); err != nil {
		return backOff("the fence on %s was not raised: %v", c.from.shard.Name, err)
	}
	return c.fail.at("after-fence")
}

// acknowledgements waits until every router in the list has drained the span
// for this attempt, or the time is over.
func (c *cutover) acknowledgements(ctx context.Context) (map[string]bool, error) {
	limit := c.drain
	if c.kill {
		limit = c.drain + time.Second // what the routers end then takes a moment
	}
	until := time.Now().Add(limit)
	// Members wait for each millisecond of it, at first.
	for wait := time.Millisecond; ; wait = min(wait+wait/10, 20*time.Millisecond) {
		routers, err := c.store.Routers(ctx)
		if err != nil {
			return nil, backOff("the routers' acknowledgements can't be read: %v", err)
		}
		acknowledged := map[string]bool{}
		var late []string
		newest := uint64(0)
		for _, r := range routers {
			if r.Drained >= c.epoch {
				acknowledged[r.Incarnation] = true
				newest = max(newest, r.Drained)
			} else {
				late = append(late, r.Name)
			}
		}
		if newest > c.epoch {
			// They speak of a later map. It counts if this freeze stood in it.
			if err := c.stands(ctx, newest); err != nil {
				return nil, err
			}
		}
		if len(late) == 0 {
			return acknowledged, nil
		}
		if time.Now().After(until) {
			if c.kill {
				return acknowledged, nil
			}
			return nil, backOff("%d of %d routers still have transactions of %s open, or don't answer: %s", len(late), len(routers), c.span, strings.Join(late[:min(3, len(late))], ", "))
		}
		if err := pauseFor(ctx, wait); err != nil {
			return nil, backOff("waiting for acknowledgements: %v", context.Cause(ctx))
		}
	}
}

// stands makes sure that this very freeze stood in all maps up to that epoch:
// it can't come back once it has ended.
func (c *cutover) stands(ctx context.Context, epoch uint64) error {
	m, err := c.store.Load(ctx)
	if err != nil {
		return backOff("the store can't be reached: %v", err)
	}
	entry, ok := m.Find(c.span)
	if !ok || entry.Frozen == nil || entry.Frozen.Attempt != c.id() || m.Epoch() < epoch {
		return backOff("attempt %s has been ended by somebody else", c.id())
	}
	return nil
}

// clear is step 4: no session is left on the old owner that could still write
// for the span.
func (c *cutover) clear(ctx context.Context, acknowledged map[string]bool) error {
	if err := c.fail.at("before-list"); err != nil {
		return err
	}
	all, err := listSessions(ctx, c.from.db)
	if err != nil {
		return backOff("the sessions of %s can't be listed: %v", c.from.shard.Name, err)
	}
	if err := c.fail.at("after-list"); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for _, s := range all {
		if s.incarnation != "" && (s.incarnation == c.incarnation || acknowledged[s.incarnation]) {
			continue
		}
		if s.incarnation == "" {
			c.killed = append(c.killed, s.Session)
		}
		g.Go(func() error {
			if err := c.fail.at("before-kill"); err != nil {
				return err
			}
			if err := c.end(gctx, s.ID); err != nil {
				return backOff("session %d of %s did not end: %v", s.ID, s.User, err)
			}
			return c.fail.at("after-kill")
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := c.prepared(ctx); err != nil {
		return err
	}
	return c.fail.at("after-gone")
}

// end ends a session and sees it gone.
func (c *cutover) end(ctx context.Context, id uint64) error {
	if killSessions.off() {
		return nil
	}
	return instance.Kill(ctx, c.from.db, id)
}
