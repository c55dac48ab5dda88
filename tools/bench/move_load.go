package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
)

// load is the foreground: transactions that come at a set rate whether or not
// the ones before have been answered, each for some member, through several
// routers in turn. None is tried again.
type load struct {
	o      moveOptions
	moves  func(shard.Member) bool // whose members are told apart from the others
	pick   func() int64            // a member
	repos  []*router.Repository
	closes []func() error

	stop func() // ends it and waits
	ids  atomic.Int64

	mu  sync.Mutex
	all []*transaction // in the order in which they were due
}

// transaction is one of the foreground.
type transaction struct {
	due    time.Time // when it should have begun
	end    time.Time // zero: not yet answered
	moving bool
	failed string // which statement and how; empty: not at all
}

func (t transaction) took() time.Duration { return t.end.Sub(t.due) }

// mostAtOnce is how many transactions may be open or waiting; more would be of
// no use to anybody, so those beyond count as failed.
const mostAtOnce = 10_000

// newLoad opens the routers and begins.
func (c *cluster) newLoad(ctx context.Context, o moveOptions, moves func(shard.Member) bool, pick func() int64) (_ *load, err error) {
	l := &load{o: o, moves: moves, pick: pick}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	for i := range o.routers {
		r, closeRouter, err := c.router(ctx, fmt.Sprintf("bench-%d", i))
		if err != nil {
			return nil, err
		}
		l.repos = append(l.repos, router.NewRepository(r))
		l.closes = append(l.closes, closeRouter)
	}
	l.ids.Store(int64(o.rows)) // beyond the ids that are there
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { pprof.Do(ctx, pprof.Labels("through", "foreground"), l.run) })
	l.stop = func() { cancel(); running.Wait() }
	return l, nil
}

// anyOf gives each member the same chance.
func anyOf(members int) func() int64 { return func() int64 { return rand.Int64N(int64(members)) + 1 } }

func (l *load) run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	room := make(chan struct{}, mostAtOnce)
	begun := time.Now()
	for i := 0; ctx.Err() == nil; i++ {
		due := begun.Add(time.Duration(i) * time.Second / time.Duration(l.o.rate))
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		member, repo := l.pick(), l.repos[i%len(l.repos)]
		t := l.begin(due, l.moves(shard.Int(member)))
		select {
		case room <- struct{}{}:
			running.Go(func() {
				defer func() { <-room }()
				// What was begun is finished: only its own end says how it went.
				l.finish(t, l.once(context.WithoutCancel(ctx), repo, member))
			})
		default:
			l.finish(t, "not begun: too many wait")
		}
	}
}

func (l *load) begin(due time.Time, moving bool) *transaction {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := &transaction{due: due, moving: moving}
	l.all = append(l.all, t)
	return t
}

func (l *load) finish(t *transaction, failed string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.end, t.failed = time.Now(), failed
}

// once is begin, select, update, insert, commit. It says what failed.
func (l *load) once(ctx context.Context, repo *router.Repository, member int64) (failed string) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tx, err := repo.Member(member).BeginTx(ctx, nil)
	if err != nil {
		return "BEGIN: " + kindOf(err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
	row := rand.Int64N(int64(max(1, l.o.rows/l.o.members)))
	if err := scan(tx.QueryRowContext(ctx, selectContact, member, row)); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "SELECT: " + kindOf(err)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE contacts SET name = ? WHERE member_id = ? AND id = ?", fmt.Sprint("name ", row), member, row); err != nil {
		return "UPDATE: " + kindOf(err)
	}
	if _, err := tx.ExecContext(ctx, insertContact, member, l.ids.Add(1)); err != nil {
		return "INSERT: " + kindOf(err)
	}
	if err := tx.Commit(); err != nil {
		return "COMMIT: " + kindOf(err)
	}
	return ""
}

// kindOf names an error by what the application is told of it.
func kindOf(err error) string {
	for _, kind := range []error{
		router.ErrUnavailable, router.ErrBuffered, router.ErrEnded, router.ErrRolledBack, router.ErrUnknownOutcome, router.ErrRefused,
	} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return err.Error()
}

// during are the transactions that were due within the time, which is over, of
// the members that move and of the others. It waits for the last answer.
func (l *load) during(ctx context.Context, s span) (moving, others []transaction, err error) {
	for {
		var open int
		if moving, others, open = l.look(s); open == 0 {
			return moving, others, nil
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return nil, nil, fmt.Errorf("waiting for %d transactions to be answered: %w", open, err)
		}
	}
}

func (l *load) look(s span) (moving, others []transaction, open int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.all {
		switch {
		case t.due.Before(s.from) || !t.due.Before(s.to):
		case t.end.IsZero():
			open++
		case t.moving:
			moving = append(moving, *t)
		default:
			others = append(others, *t)
		}
	}
	return moving, others, open
}

// forget drops what was kept, so that a long run does not grow.
func (l *load) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = slices.DeleteFunc(l.all, func(t *transaction) bool { return !t.end.IsZero() })
}

func (l *load) close() error {
	if l.stop != nil {
		l.stop()
	}
	var errs []error
	for _, p := range l.repos {
		errs = append(errs, p.Close())
	}
	for _, fn := range l.closes {
		errs = append(errs, fn())
	}
	return errors.Join(errs...)
}

// feeling is what a group of clients felt.
type feeling struct {
	Transactions int            `json:"transactions"`
	P50          float64        `json:"p50_ms"`
	P99          float64        `json:"p99_ms"`
	Worst        float64        `json:"worst_ms"`
	Failed       map[string]int `json:"failed,omitempty"`
}

// feelingOf sums transactions up.
func feelingOf(list []transaction) feeling {
	f := feeling{Transactions: len(list)}
	var took []float64
	for _, t := range list {
		if t.failed != "" {
			if f.Failed == nil {
				f.Failed = map[string]int{}
			}
			f.Failed[t.failed]++
		}
		took = append(took, milliseconds(t.took()))
	}
	slices.Sort(took)
	f.P50, f.P99, f.Worst = quantile(took, 0.5), quantile(took, 0.99), quantile(took, 1)
	return f
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// quantile of sorted values: the least one that q of them do not exceed; 0 of
// none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(float64(len(sorted))*q+0.999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
