package router

import (
	"slices"
	"sync"
	"time"

	"github.com/berthdb/berth/shard"
)

// keptPauses is how many pauses a router tells of.
const keptPauses = 8

// pauses is what this router's clients felt of the cutovers: of each attempt,
// how many statements it made wait and for how long.
type pauses struct {
	mu   sync.Mutex
	now  map[string]*pause // by attempt: of spans that are frozen, or of which statements still wait
	past []shard.Pause     // the latest last
}

type pause struct {
	shard.Pause
	waiting int
}

// hold notes that the statement waits for the span of that entry, which is
// frozen. A statement that another attempt holds up already, as when that is
// aborted and the next begins, goes on waiting for both.
func (r *Router) hold(p *patience, e *shard.Entry) {
	if p.attempt == e.Frozen.Attempt {
		return
	}
	r.release(p, nil)
	if p.held.IsZero() {
		p.held = time.Now()
	}
	p.attempt = e.Frozen.Attempt
	r.pauses.mu.Lock()
	defer r.pauses.mu.Unlock()
	now := r.pauses.now[p.attempt]
	if now == nil {
		if r.pauses.now == nil {
			r.pauses.now = map[string]*pause{}
		}
		now = &pause{Pause: shard.Pause{Attempt: p.attempt, Span: e.Span}}
		r.pauses.now[p.attempt] = now
	}
	now.Held++
	now.waiting++
}

// release notes that the statement waits no longer, since it is let go on or
// has failed. It may have waited for nothing.
func (r *Router) release(p *patience, err error) {
	if p.attempt == "" {
		return
	}
	r.pauses.mu.Lock()
	defer r.pauses.mu.Unlock()
	now := r.pauses.now[p.attempt]
	p.attempt = ""
	now.waiting--
	now.EndedAt = time.Now()
	now.LongestMs = max(now.LongestMs, float64(now.EndedAt.Sub(p.held))/float64(time.Millisecond))
	if err != nil {
		now.Failed++
	}
	r.endPause(now)
}

// endPauses tells of the pauses that the current view has ended.
func (r *Router) endPauses() {
	r.pauses.mu.Lock()
	defer r.pauses.mu.Unlock()
	for _, p := range r.pauses.now {
		r.endPause(p)
	}
}

// endPause tells of a pause once its span is live and nothing waits any more.
// A new view is published before endPauses looks, so whichever of the two
// comes last finds both so. Called with the pauses locked.
func (r *Router) endPause(p *pause) {
	if p.waiting > 0 || r.view.Load().attempts[p.Attempt] {
		return
	}
	delete(r.pauses.now, p.Attempt)
	p.EndedAt = p.EndedAt.UTC()
	past := &r.pauses.past
	if i := slices.IndexFunc(*past, func(o shard.Pause) bool { return o.Attempt == p.Attempt }); i >= 0 {
		// Of a statement that was a moment late to see the view.
		p.Held, p.Failed, p.LongestMs = p.Held+(*past)[i].Held, p.Failed+(*past)[i].Failed, max(p.LongestMs, (*past)[i].LongestMs)
		*past = slices.Delete(*past, i, i+1)
	}
	*past = append(*past, p.Pause)
	*past = slices.Delete(*past, 0, max(0, len(*past)-keptPauses))
	r.announceSoon()
}

// pastPauses is what to tell the store.
func (r *Router) pastPauses() []shard.Pause {
	r.pauses.mu.Lock()
	defer r.pauses.mu.Unlock()
	return slices.Clone(r.pauses.past)
}
