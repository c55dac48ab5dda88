package move

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/rows"
)

// cleanRows is how many rows one transaction of the cleaner removes.
const cleanRows = 2000

// clean removes the rows of the span from the server that is not its home, the
// mover's own rows from both, and ends the job.
func (r *run) clean(ctx context.Context, m *shard.Map, j *Job) error {
	home, away, generation := r.to, r.from, r.genFrom
	if j.Ending != Done {
		home, away, generation = r.from, r.to, r.genTo
	}
	if len(j.Tables) > 0 { // else nothing was ever written
		replicas, err := r.replicas(m)
		if err != nil {
			return err
		}
		defer closeAll(replicas)
		r.setThrottle(newThrottle(home, away, replicas, j.Options))
		g, gctx := errgroup.WithContext(ctx)
		g.Go(func() error { return r.throttle.run(gctx) })
		g.Go(func() error {
			if err := r.removeRows(gctx, home, away, generation); err != nil {
				return err
			}
			return errOver
		})
		if err := g.Wait(); !errors.Is(err, errOver) {
			return err
		}
	}
	for _, s := range []*server{r.from, r.to} {
		if err := forget(ctx, s.db, r.id); err != nil {
			return err
		}
	}
	if err := r.tidyMap(ctx, j); err != nil {
		return err
	}
	if err := r.enter(ctx, j.Ending); err != nil {
		return err
	}
	return errStill
}

// removeRows removes the span's rows from away, in small transactions.
func (r *run) removeRows(ctx context.Context, home, away *server, generation uint64) error {
	token, err := loadToken(ctx, away.db, r.id, "clean", generation, "")
	if err != nil {
		return err
	}
	tables, err := rows.Inspect(ctx, away.db, tablesOf(r.tables))
	if err != nil {
		return err
	}
	for _, t := range tables {
		if t.Missing {
			continue
		}
		var after shard.Member
		for {
			if err := r.lives(ctx, home); err != nil {
				return err
			}
			batch, next, err := r.members(ctx, away, t, after)
			if err != nil {
				return err
			}
			for len(batch) > 0 {
				group := batch[:min(len(batch), 200)]
				batch = batch[len(group):]
				for more := true; more; {
					if err := r.throttle.wait(ctx); err != nil {
						return err
					}
					var n int64
					if n, more, err = r.removeSome(ctx, away, token, t, group); err != nil {
						return err
					}
					r.count(func(c *counters) { c.rowsCleaned += n })
					if err := r.throttle.spent(ctx, n); err != nil {
						return err
					}
				}
			}
			if next.IsZero() {
				break
			}
			after = next
		}
	}
	return nil
}

// removeSome is one transaction of the cleaner.
func (r *run) removeSome(ctx context.Context, away *server, token *token, t rows.Table, members []shard.Member) (n int64, more bool, err error) {
	if err := r.fail.at("before-clean"); err != nil {
		return 0, false, err
	}
	conn, err := away.db.Conn(ctx)
	if err != nil {
		return 0, false, err
	}
	defer func() {
		if err != nil {
			discard(conn)
		} else {
			_ = conn.Close()
		}
	}()
	// Triggers that mind moves look at it.
	if _, err := conn.ExecContext(ctx, "SET @berth_move = 1"); err != nil {
		return 0, false, err
	}
	began := time.Now()
	if err := token.begin(ctx, conn, ""); err != nil && !(cleanGeneration.off() && errors.Is(err, errSuperseded)) {
		return 0, false, err
	}
	if n, more, err = t.Delete(ctx, conn, members, cleanRows); err != nil {
		return 0, false, fmt.Errorf("removing rows of table %s from shard %s: %w", t.Name, away.shard.Name, err)
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return 0, false, err
	}
	token.committed("")
	if err := r.fail.at("after-clean"); err != nil {
		return 0, false, err
	}
	// As long again as it took: half of what the server could do is left to others.
	return n, more, pauseFor(ctx, min(time.Since(began), time.Second))
}

// lives makes sure that the map says the span's home is elsewhere.
func (r *run) lives(ctx context.Context, home *server) error {
	m, err := r.worker.cfg.Store.Load(ctx)
	if err != nil {
		return err
	}
	entry, ok := m.Find(r.span)
	if !ok || entry.Shard != home.shard.Name || entry.Frozen != nil {
		return stop("the map of epoch %d does not say that %s lives on %s, so nothing is removed elsewhere", m.Epoch(), r.span, home.shard.Name)
	}
	return r.samePins(m)
}

// members is a page of the span's members with rows in the table, and the
// last member looked at, or none at the end.
func (r *run) members(ctx context.Context, s *server, t rows.Table, after shard.Member) (list []shard.Member, next shard.Member, err error) {
	return r.someMembers(ctx, s, t, after, memberPage)
}

// memberPage is how many members of a table are read at a time.
const memberPage = 2000

// someMembers is members with a page of another size, counted with those that
// are not in the span.
func (r *run) someMembers(ctx context.Context, s *server, t rows.Table, after shard.Member, page int) (list []shard.Member, next shard.Member, err error) {
	if r.span.IsPin() {
		return []shard.Member{r.span.Pin}, shard.Member{}, nil
	}
	all, err := t.Members(ctx, s.db, after, page)
	if err != nil {
		return nil, next, fmt.Errorf("reading the members of table %s on shard %s: %w", t.Name, s.shard.Name, err)
	}
	if len(all) == page {
		next = all[len(all)-1]
	}
	for _, m := range all {
		if r.belongs(m) {
			list = append(list, m)
		}
	}
	return list, next, nil
}

// tablesOf is what the catalogue says of the tables.
func tablesOf(tables []rows.Table) (list []shard.Table) {
	for _, t := range tables {
		list = append(list, shard.Table{Name: t.Name, Kind: shard.Sharded, MemberColumn: t.Member})
	}
	return list
}

// tidyMap leaves the map without borders and pins that the job made for
// itself, or was asked to remove. What can't be done now is not needed either.
// An entry that another job works on stays: it would lose what it moves.
func (r *run) tidyMap(ctx context.Context, j *Job) error {
	for {
		m, err := r.worker.cfg.Store.Load(ctx)
		if err != nil {
			return err
		}
		next := r.tidied(m, j)
		if next == nil {
			return nil
		}
		switch err := r.swapUnused(ctx, m, next); {
		case err == nil:
			return nil
		case errors.Is(err, ErrOverlap), errors.Is(err, shard.ErrLocked):
			return r.update(ctx, func(j *Job) { j.note("the map keeps an entry that was to go (%s): %v", next.Change().Action, err) })
		case !errors.Is(err, shard.ErrConflict) && !errors.Is(err, shard.ErrUnknownOutcome):
			return err
		}
	}
}

// swapUnused changes the map if no other job works on an entry that goes.
func (r *run) swapUnused(ctx context.Context, m, next *shard.Map) error {
	lock, err := r.worker.jobs.creation(ctx) // so that none begins meanwhile
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock(context.WithoutCancel(ctx)) }()
	others, err := r.worker.jobs.List(ctx)
	if err != nil {
		return err
	}
	for _, e := range m.Entries() {
		if _, stays := next.Find(e.Span); stays {
			continue
		}
		for _, o := range others {
			if o.ID == r.id || o.Phase.Ended() || !o.Touches(e.Span) {
				continue
			}
			return fmt.Errorf("%w: job %s works on %s; when it has ended: `berth merge`", ErrOverlap, o.ID, e.Span)
		}
	}
	return r.worker.cfg.Store.Swap(ctx, m, next)
}

func (r *run) tidied(m *shard.Map, j *Job) *shard.Map {
	var next *shard.Map
	var err error
	switch {
	case j.Ending == Done && j.Kind == KindUnpin, j.Ending != Done && j.Made && r.span.IsPin():
		next, err = m.Unpin(r.change("unpin member "+j.Member), r.span.Pin)
	case j.Ending == Done && j.Join != nil:
		next, err = m.Join(r.change("merge ranges "+j.Join[0].String()+" and "+j.Join[1].String()), j.Join[0], j.Join[1])
	case j.Ending != Done && j.Made:
		for _, e := range m.Entries() {
			if !e.Span.IsPin() && e.Span.Range.End == r.span.Range.Start && e.Span.Range.End != 0 {
				next, err = m.Join(r.change("take back the cut of "+r.span.String()), e.Span.Range, r.span.Range)
			}
		}
	}
	if err != nil {
		return nil
	}
	return next
}
