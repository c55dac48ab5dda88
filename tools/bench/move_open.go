package main

import (
	"context"
	"sync"
	"time"

	"github.com/berthdb/berth/router"
)

// openAtOnce is how many transactions a scenario keeps open.
const openAtOnce = 4

// holding keeps transactions open for some time each, one after the other.
type holding struct {
	stop func() // ends it and waits

	mu     sync.Mutex
	ended  int
	failed map[string]int
}

// hold begins to keep them open, of the members that pick gives. They are not
// begun at the same moment, so that at any time some are young and some old.
func (l *load) hold(ctx context.Context, long time.Duration, pick func() int64) *holding {
	h := &holding{failed: map[string]int{}}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for i := range openAtOnce {
		running.Go(func() {
			if sleep(ctx, long*time.Duration(i)/openAtOnce) != nil {
				return
			}
			for ctx.Err() == nil {
				h.count(l.holdOne(ctx, l.repos[i%len(l.repos)], pick(), long))
			}
		})
	}
	h.stop = func() { cancel(); running.Wait() }
	return h
}

// holdOne reads at its begin and writes at its end.
func (l *load) holdOne(ctx context.Context, repo *router.Repository, member int64, long time.Duration) (failed string) {
	whole := context.WithoutCancel(ctx)
	tx, err := repo.Member(member).BeginTx(whole, nil)
	if err != nil {
		return "BEGIN: " + kindOf(err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
	var n int
	if err := tx.QueryRowContext(whole, "SELECT COUNT(*) FROM contacts WHERE member_id = ?", member).Scan(&n); err != nil {
		return "SELECT: " + kindOf(err)
	}
	_ = sleep(ctx, long) // the end of the scenario ends it sooner
	if _, err := tx.ExecContext(whole, insertContact, member, l.ids.Add(1)); err != nil {
		return "INSERT: " + kindOf(err)
	}
	if err := tx.Commit(); err != nil {
		return "COMMIT: " + kindOf(err)
	}
	return ""
}

func (h *holding) count(failed string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended++
	if failed != "" {
		h.failed[failed]++
	}
}
