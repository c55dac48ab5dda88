package move

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/binlog"
	"github.com/berthdb/berth/shard/move/rows"
)

// errOver ends the goroutines of a phase that has reached its end.
var errOver = errors.New("the phase is over")

// forward copies, applies, verifies and cuts over. nil means that the span has
// switched, or that another session is to find out whether it has.
func (r *run) forward(ctx context.Context, m *shard.Map, j *Job) error {
	if len(r.tables) == 0 {
		return fmt.Errorf("%w: the map lists no sharded table, so there is nothing to move; see `berth table list`", errFailed)
	}
	gate := newGate(r.tables[0].Less)
	t := r.newTail(r.from, r.to, r.genTo, gate)
	if err := r.prepare(ctx, m, j, t); err != nil {
		return err
	}
	c := r.newCopier(t, gate, j.Options)
	if err := c.load(ctx); err != nil {
		return err
	}
	replicas, err := r.replicas(m)
	if err != nil {
		return err
	}
	defer closeAll(replicas)
	throttle := newThrottle(r.from, r.to, replicas, j.Options)
	if throttle.pace, err = r.newPace(ctx, t); err != nil {
		return err
	}
	r.setThrottle(throttle)

	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return t.run(gctx) })
	g.Go(func() error { return r.throttle.run(gctx) })
	g.Go(func() error { return r.follow(gctx, t) })
	g.Go(func() error { return r.retention(gctx, t) })
	g.Go(func() error {
		if err := r.copyAndSwitch(gctx, j, t, c); err != nil {
			return err
		}
		return errOver
	})
	if err := g.Wait(); !errors.Is(err, errOver) {
		return err
	}
	return nil
}

func (r *run) copyAndSwitch(ctx context.Context, j *Job, t *tail, c *copier) error {
	if err := r.enter(ctx, Copying); err != nil {
		return err
	}
	if err := c.copy(ctx); err != nil {
		return err
	}
	r.count(func(n *counters) { n.rowsTotal = n.rowsCopied }) // known now
	if err := r.enter(ctx, CatchingUp); err != nil {
		return err
	}
	if err := r.catchUp(ctx, t); err != nil {
		return err
	}
	if err := r.enter(ctx, Verifying); err != nil {
		return err
	}
	if err := r.fail.at("before-verify"); err != nil {
		return err
	}
	if err := r.verify(ctx, t); err != nil {
		return err
	}
	if err := r.enter(ctx, Ready); err != nil {
		return err
	}
	for j.Options.Hold {
		if r.once {
			return errStill
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case why := <-r.asked:
			j.Options.Hold = why != nil
		}
	}
	return r.cutOver(ctx, t, r.from, r.to, r.genFrom, true, r.switched)
}

// newPace measures both primaries before the copying begins.
func (r *run) newPace(ctx context.Context, t *tail) (*pace, error) {
	from, err := loadToken(ctx, r.from.db, r.id, "pace", r.genFrom, "")
	if err != nil {
		return nil, err
	}
	to, err := loadToken(ctx, r.to.db, r.id, "pace", r.genTo, "")
	if err != nil {
		return nil, err
	}
	return newPace(ctx, pacedServer{server: r.from, token: from, own: r.asks.Load},
		pacedServer{server: r.to, token: to, own: func() int64 { return t.statements.Load() + r.asks.Load() }})
}

// newTail applies to target what happens on source.
func (r *run) newTail(source, target *server, generation uint64, gate *gate) *tail {
	giveUp := "cancel the job and start it again: `berth job cancel " + r.id + "`"
	if source == r.to {
		giveUp = "give the way back up: `berth job complete " + r.id + "`"
	}
	t := &tail{
		giveUp: giveUp, source: source, target: target, job: r.id, generation: generation, tables: map[string]rows.Table{},
		belongs: r.belongs, memberType: r.tables[0].MemberType(), gate: gate, fail: r.fail, log: r.log,
	}
	for _, table := range r.tables {
		t.tables[table.Name] = table
	}
	t.statement = func(ctx context.Context, s binlog.Statement) error { return r.statement(ctx, s, t) }
	return t
}

// prepare makes the job's place on the target, at first; later it finds what
// is there.
func (r *run) prepare(ctx context.Context, m *shard.Map, j *Job, t *tail) error {
	if len(j.Tables) > 0 {
		if err := r.sameTables(ctx, j); err != nil {
			return err
		}
		if j.Pins != r.pinsDigest() {
			return fmt.Errorf("%w: members were pinned or unpinned inside %s meanwhile; cancel the job and start it again", errFailed, r.span)
		}
		return t.prepare(ctx, "forward", "")
	}
	if err := r.enter(ctx, Preparing); err != nil {
		return err
	}
	if err := r.refuse(ctx, m); err != nil {
		return err
	}
	start, err := executed(ctx, r.from.db)
	if err != nil {
		return err
	}
	if err := t.prepare(ctx, "forward", start); err != nil {
		return err
	}
	return r.update(ctx, func(j *Job) {
		j.Pins, j.Tables = r.pinsDigest(), states(r.tables)
	})
}

// refuse looks once more at what the plan looked at, since that may be long
// ago: both servers' tables, and that the target has no rows of the span.
func (r *run) refuse(ctx context.Context, m *shard.Map) error {
	target, err := rows.Inspect(ctx, r.to.db, sharded(m))
	if err != nil {
		return fmt.Errorf("shard %s: %w", r.to.shard.Name, err)
	}
	var problems []string
	for i, t := range r.tables {
		problems = append(problems, t.Problems()...)
		problems = append(problems, rows.Differences(t, target[i])...)
		if len(problems) > 0 {
			continue
		}
		m, err := r.leftover(ctx, target[i])
		if err != nil {
			return err
		}
		if !m.IsZero() {
			problems = append(problems, leftoverText(t.Name, m, r.to.shard.Name))
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("%w: %s", errFailed, strings.Join(problems, "; "))
	}
	return nil
}

func leftoverText(table string, m shard.Member, where string) string {
	return fmt.Sprintf("table %s on shard %s has rows of member %s already, which lives elsewhere: see what they are (`berth sql --shard %s \"SELECT …\"`), and remove them", table, where, m, where)
}

// leftover finds a member of the span with rows in the table, if there is one.
func (r *run) leftover(ctx context.Context, t rows.Table) (shard.Member, error) {
	return leftover(ctx, r.to.db, t, r.span, r.belongs)
}

// sameTables refuses to go on when a table is not what it was when the copy
// began.
func (r *run) sameTables(ctx context.Context, j *Job) error {
	for _, was := range j.Tables {
		for _, now := range r.tables {
			if now.Name == was.Name && now.Definition != was.Definition && !j.Approve {
				return stop("table %s on shard %s was changed while it is being moved; make the same change on shard %s and resume the job, or cancel it: `berth job resume %s`", now.Name, j.From, j.To, j.ID)
			}
		}
	}
	return nil
}

// follow keeps the counters of the tail.
func (r *run) follow(ctx context.Context, t *tail) error {
	before := int64(-1)
	for {
		lag, err := t.lag(ctx)
		if err == nil {
			applied := t.appliedRows()
			r.count(func(c *counters) {
				c.lagMs = lag.Milliseconds()
				if before >= 0 {
					c.rowsApplied += applied - before
				} else {
					c.rowsApplied += applied
				}
			})
			before = applied
		}
		if err := pauseFor(ctx, time.Second); err != nil {
			return err
		}
	}
}

// catchUp waits until the tail is as near as it gets.
func (r *run) catchUp(ctx context.Context, t *tail) error {
	for {
		set, err := executed(ctx, t.source.db)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := t.through(ctx, set); err != nil {
			return err
		}
		if time.Since(began) < time.Second {
			return nil
		}
	}
}

// retention watches that the source keeps what the tail still has to read.
func (r *run) retention(ctx context.Context, t *tail) error {
	for {
		var purged string
		if err := t.source.db.QueryRowContext(ctx, "SELECT @@GLOBAL.gtid_purged").Scan(&purged); err == nil {
			set, err := binlog.ParseSet(purged)
			if err != nil {
				return err
			}
			t.mu.Lock()
			kept := t.received.Contains(set)
			t.mu.Unlock()
			if !kept {
				return fmt.Errorf("%w: %s has purged binlogs that were not read yet; keep them longer (SET PERSIST binlog_expire_logs_seconds = …), then %s", errFailed, t.source.shard.Primary.Address, t.giveUp)
			}
		}
		if err := pauseFor(ctx, 5*time.Second); err != nil {
			return err
		}
	}
}
