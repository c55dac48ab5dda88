package router

import (
	"context"
	"time"
)

// The connections that a router opens to the next owner of members that are
// being handed over, while it waits for what is under way on the present one.
const (
	warmMost = 16              // at most, and no more than the present owner has
	warmTime = 5 * time.Second // after that the statements open their own
)

// warm opens connections to the shards that v's frozen spans go to, so that
// what is held back then finds some that are past their hello.
func (r *Router) warm(v *view) {
	for _, e := range v.m.Entries() {
		if e.Frozen == nil {
			continue
		}
		from, to := v.byShard[e.Shard], v.byShard[e.Frozen.To]
		for n := min(warmMost, from.pool.stat().Open); to.pool.reserve(n); {
			r.spawn(func(ctx context.Context) {
				ctx, cancel := context.WithTimeout(ctx, warmTime)
				defer cancel()
				if c, err := to.pool.connect(ctx); err == nil {
					to.pool.put(c)
				}
			})
		}
	}
}

// reserve takes a place among the open connections for one to be opened ahead,
// if there are fewer than n.
func (p *pool) reserve(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.open >= min(n, p.cfg.MaxOpen) {
		return false
	}
	p.open++
	return true
}
