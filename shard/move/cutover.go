package move

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// errBackOff is an attempt that gave up in time, with nothing changed: it is
// tried again after a while.
type errBackOff struct{ why string }

func (e *errBackOff) Error() string { return e.why }

func backOff(format string, args ...any) error { return &errBackOff{why: fmt.Sprintf(format, args...)} }

// cutover hands the span over from one server to the other. The steps and
// their order are those of DESIGN.md; each has its reason there.
type cutover struct {
	store       shard.Store
	from, to    *server
	tail        *tail // from → to
	span        shard.Span
	job         string
	attempt     int
	incarnation string // of this worker's sessions
	generation  uint64 // on from
	drain       time.Duration
	kill        bool
	back        bool // keep where the way back starts
	change      func(action string) shard.Change
	fail        *failpoints
	belongs     func(*shard.Map) error // refuses a map in which other members are the span's than were copied

	// What happened.
	epoch  uint64 // of the freeze
	pause  time.Duration
	killed []Session
}

func (c *cutover) id() string { return fmt.Sprintf("%s/%d", c.job, c.attempt) }

// run makes one attempt. A nil error means that the span has switched. An
// errBackOff leaves it where it was, live; any other error leaves that to be
// found out from the map.
func (c *cutover) run(ctx context.Context) (err error) {
	// Sessions that are needed are opened before anybody waits, and stay open.
	mark, err := loadToken(ctx, c.from.db, c.job, "mark", c.generation, "")
	if err != nil {
		return err
	}
	if err := c.warm(ctx); err != nil {
		return err
	}
	if err := c.prepared(ctx); err != nil {
		return err
	}

	deadline := time.Now().Add(2*c.drain + 10*time.Second)
	routers := deadline
	if c.kill {
		// Routers end what is still open when half of their deadline is over.
		// Past it they would abort the attempt only if its worker were dead.
		routers = time.Now().Add(2 * c.drain)
	}
	frozen, began, err := c.freeze(ctx, routers)
	if err != nil {
		return err
	}
	c.epoch = frozen.Epoch()
	defer func() {
		if err != nil {
			err = errors.Join(err, c.abort(context.WithoutCancel(ctx)))
		}
	}()
	ctx, cancel := context.WithDeadlineCause(ctx, deadline, errors.New("the attempt's deadline is over"))
	defer cancel()

	acknowledged, err := c.shut(ctx)
	if err != nil {
		return err
	}
	if err := c.clear(ctx, acknowledged); err != nil {
		return err
	}
	if fenceFirst.off() {
		if err := c.raiseFence(ctx); err != nil {
			return err
		}
	}
	if err := c.catchUp(ctx, mark); err != nil {
		return err
	}
	if err := c.switchOver(ctx, frozen); err != nil {
		return err
	}
	c.pause = time.Since(began)
	return nil
}

// warm opens the sessions that the attempt will use on both servers.
func (c *cutover) warm(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range []*server{c.from, c.from, c.from, c.to} {
		g.Go(func() error {
			var one int
			return s.db.QueryRowContext(ctx, "SELECT 1 FROM `_berth`.`identity` LIMIT 1").Scan(&one)
		})
	}
	return g.Wait()
}

// prepared refuses while a prepared XA transaction could be committed by
// anybody at any time.
func (c *cutover) prepared(ctx context.Context) error {
	rows, err := c.from.db.QueryContext(ctx, "XA RECOVER CONVERT XID")
	if err != nil {
		return fmt.Errorf("looking for prepared XA transactions on %s: %w", c.from.shard.Primary.Address, err)
	}
	defer rows.Close() //nolint:errcheck // only read
	if rows.Next() {
		var format, gtrid, bqual, data any
		if err := rows.Scan(&format, &gtrid, &bqual, &data); err != nil {
			return err
		}
		return backOff("shard %s has a prepared XA transaction (%s), which could be committed after the switch; end it: XA RECOVER CONVERT XID, then XA COMMIT or XA ROLLBACK", c.from.shard.Name, data)
	}
	return rows.Err()
}

// freeze is step 1.
func (c *cutover) freeze(ctx context.Context, deadline time.Time) (frozen *shard.Map, began time.Time, err error) {
	if err := c.fail.at("before-freeze"); err != nil {
		return nil, began, err
	}
	for {
		m, err := c.store.Load(ctx)
		if err != nil {
			return nil, began, backOff("the store can't be reached: %v", err)
		}
		entry, ok := m.Find(c.span)
		switch {
		case !ok:
			return nil, began, stop("the map of epoch %d has no entry %s any more: cancel the job: `berth job cancel %s`", m.Epoch(), c.span, c.job)
		case entry.Shard != c.from.shard.Name:
			return nil, began, fmt.Errorf("%w: %s is on %s in epoch %d", errSuperseded, c.span, entry.Shard, m.Epoch())
		case entry.Frozen != nil && strings.HasPrefix(entry.Frozen.Attempt, c.job+"/"):
			// One of before that could not be undone while the store was away.
			if err := abortAttempt(ctx, c.store, c.span, entry.Frozen.Attempt, c.change("abort attempt "+entry.Frozen.Attempt), c.fail); err != nil {
				return nil, began, backOff("%v", err)
			}
			continue
		case entry.Frozen != nil:
			return nil, began, backOff("%s is being cut over by attempt %s", c.span, entry.Frozen.Attempt)
		}
		if err := c.sameServers(m); err != nil {
			return nil, began, err
		}
		if err := c.belongs(m); err != nil {
			return nil, began, err
		}
		next, err := m.Freeze(c.change("freeze "+c.span.String()), c.span, shard.Freeze{To: c.to.shard.Name, Attempt: c.id(), Deadline: deadline.UTC()})
		if err != nil {
			return nil, began, err
		}
		began = time.Now()
		err = c.store.Swap(ctx, m, next)
		switch {
		case err == nil:
			return next, began, c.fail.at("after-freeze")
		case errors.Is(err, shard.ErrConflict):
			continue
		case errors.Is(err, shard.ErrUnknownOutcome):
			// The attempt's id is used once: whether or not it was made, it is
			// undone, and another attempt follows.
			return nil, began, errors.Join(backOff("the freeze's answer was lost: %v", err), c.abort(context.WithoutCancel(ctx)))
		default:
			return nil, began, backOff("the span could not be frozen: %v", err)
		}
	}
}

// sameServers refuses a map that names other primaries than are connected.
func (c *cutover) sameServers(m *shard.Map) error {
	for _, s := range []*server{c.from, c.to} {
		now, ok := m.Shard(s.shard.Name)
		if !ok || now.Primary != s.shard.Primary || now.Database != s.shard.Database {
			return fmt.Errorf("the primary of shard %s is no longer %s: %w", s.shard.Name, s.shard.Primary.Address, errMoved)
		}
	}
	return nil
}

var errMoved = errors.New("the map names another server")

// catchUp is step 5: everything that was committed on the old owner is applied
// on the new one.
func (c *cutover) catchUp(ctx context.Context, mark *token) error {
	if err := c.fail.at("before-last-position"); err != nil {
		return err
	}
	conn, err := c.from.db.Conn(ctx)
	if err != nil {
		return backOff("%s can't be reached: %v", c.from.shard.Name, err)
	}
	defer conn.Close() //nolint:errcheck // it goes back to its pool
	fence, err := instance.ReadFence(ctx, conn)
	if err != nil {
		return backOff("%v", err)
	}
	fenced := false
	for _, row := range fence {
		fenced = fenced || row.Span == c.span && row.MinEpoch >= c.epoch
	}
	if !fenced {
		return stop("the fence of %s on %s, raised to epoch %d a moment ago, is gone: somebody writes to _berth.fence", c.span, c.from.shard.Name, c.epoch)
	}
	if err := mark.begin(ctx, conn, c.id()); err != nil {
		discard(conn)
		return err
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		discard(conn)
		return backOff("the mark on %s was not committed: %v", c.from.shard.Name, err)
	}
	last, err := executed(ctx, conn)
	if err != nil {
		return backOff("%v", err)
	}
	if err := c.fail.at("after-last-position"); err != nil {
		return err
	}
	if err := c.tail.through(ctx, last); err != nil {
		return backOff("%v", err)
	}
	if err := c.fail.at("after-catch-up"); err != nil {
		return err
	}
	if !c.back {
		return nil
	}
	// Step 6: read after all was applied and before anybody else writes there.
	start, err := executed(ctx, c.to.db)
	if err != nil {
		return backOff("%v", err)
	}
	back, err := loadToken(ctx, conn, c.job, "back", c.generation, start)
	if err != nil {
		return err
	}
	if back.position != start {
		if err := back.begin(ctx, conn, start); err != nil {
			discard(conn)
			return err
		}
		if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
			discard(conn)
			return backOff("the start of the way back was not kept: %v", err)
		}
	}
	return c.fail.at("after-way-back")
}

// switchOver is step 7.
func (c *cutover) switchOver(ctx context.Context, m *shard.Map) error {
	if err := c.fail.at("before-switch"); err != nil {
		return err
	}
	for {
		next, err := m.Switch(c.change(fmt.Sprintf("%s moves from %s to %s", c.span, c.from.shard.Name, c.to.shard.Name)), c.span, c.id())
		if err != nil && switchCAS.off() {
			next, err = c.force(ctx, &m)
		}
		if err != nil {
			return backOff("attempt %s has been ended by somebody else", c.id())
		}
		if err = c.store.Swap(ctx, m, next); err == nil {
			return c.fail.at("after-switch")
		}
		if !errors.Is(err, shard.ErrConflict) && !errors.Is(err, shard.ErrUnknownOutcome) {
			return backOff("the map could not be switched: %v", err)
		}
		// Only the map tells what became of it.
		if m, err = c.reload(ctx); err != nil {
			return err
		}
		if entry, ok := m.Find(c.span); ok && entry.Frozen == nil && entry.Shard == c.to.shard.Name {
			return c.fail.at("after-switch")
		}
	}
}

// force is what a switch would be that does not mind what became of its
// freeze.
func (c *cutover) force(ctx context.Context, m **shard.Map) (*shard.Map, error) {
	frozen, err := (*m).Freeze(c.change("freeze"), c.span, shard.Freeze{To: c.to.shard.Name, Attempt: c.id(), Deadline: time.Now()})
	if err != nil {
		return nil, err
	}
	if err := c.store.Swap(ctx, *m, frozen); err != nil {
		return nil, err
	}
	*m = frozen
	return frozen.Switch(c.change("switch"), c.span, c.id())
}

// reload reads the map, however long the store can't be reached, until the
// attempt's time is over.
func (c *cutover) reload(ctx context.Context) (*shard.Map, error) {
	for {
		m, err := c.store.Load(ctx)
		if err == nil {
			return m, nil
		}
		if pauseFor(ctx, 50*time.Millisecond) != nil {
			return nil, fmt.Errorf("it is not known whether %s has switched: %w", c.span, err)
		}
	}
}

// abort ends the attempt's freeze with the old owner, unless it has ended.
func (c *cutover) abort(ctx context.Context) error {
	return abortAttempt(ctx, c.store, c.span, c.id(), c.change("abort attempt "+c.id()), c.fail)
}

func abortAttempt(ctx context.Context, store shard.Store, span shard.Span, attempt string, change shard.Change, fail *failpoints) error {
	if err := fail.at("before-abort"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		m, err := store.Load(ctx)
		if err == nil {
			entry, ok := m.Find(span)
			if !ok || entry.Frozen == nil || entry.Frozen.Attempt != attempt {
				return fail.at("after-abort")
			}
			var next *shard.Map
			if next, err = m.Abort(change, span, attempt); err == nil {
				err = store.Swap(ctx, m, next)
			}
			if err == nil {
				return fail.at("after-abort")
			}
		}
		if pauseFor(ctx, 50*time.Millisecond) != nil {
			return fmt.Errorf("attempt %s could not be aborted; past its deadline the routers do it: %w", attempt, err)
		}
	}
}
