package router

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/berthdb/berth/shard/instance"
)

// SyncConfig bounds the syncs that run on one shard at once.
type SyncConfig struct {
	Max int // the bound of a shard that answers quickly; 0 means 16
	// Slow is the time a sync spends in the database, above which the shard is
	// taken for busy if that is also four times its usual; 0 means 50 ms.
	Slow time.Duration
}

func (c SyncConfig) withDefaults() SyncConfig {
	if c.Max == 0 {
		c.Max = 16
	}
	if c.Slow == 0 {
		c.Slow = 50 * time.Millisecond
	}
	return c
}

// syncLimits has a limit for each shard.
type syncLimits struct {
	cfg SyncConfig
	mu  sync.Mutex
	by  map[string]*syncLimit
}

func newSyncLimits(cfg SyncConfig) *syncLimits {
	return &syncLimits{cfg: cfg, by: map[string]*syncLimit{}}
}

func (l *syncLimits) of(shard string) *syncLimit {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by[shard] == nil {
		l.by[shard] = &syncLimit{cfg: l.cfg, limit: float64(l.cfg.Max)}
	}
	return l.by[shard]
}

// syncLimit admits syncs to one shard. Its bound halves when the shard shows
// that it is busy and grows by one for each round of syncs that went well.
type syncLimit struct {
	cfg SyncConfig

	mu      sync.Mutex
	limit   float64
	running int // all
	fresh   int // of members that were never synced before
	usual   time.Duration
	cut     time.Time // when the bound was halved last
	waiting [2][]chan struct{}
}

// turn is one admitted sync.
type turn struct {
	l     *syncLimit
	fresh int // 1 for a member never synced before, else 0
}

// acquire waits for a turn. Members known already go first, and the others
// have at most half of the turns.
func (l *syncLimit) acquire(ctx context.Context, fresh bool) (turn, error) {
	t := turn{l: l}
	if fresh {
		t.fresh = 1
	}
	l.mu.Lock()
	if l.room(t.fresh) && len(l.waiting[t.fresh]) == 0 {
		l.take(t.fresh)
		l.mu.Unlock()
		return t, nil
	}
	ready := make(chan struct{}, 1)
	l.waiting[t.fresh] = append(l.waiting[t.fresh], ready)
	l.mu.Unlock()
	select {
	case <-ready:
		return t, nil
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		select {
		case <-ready: // admitted at the same moment: hand the turn on
			l.give(t.fresh)
		default:
			l.drop(t.fresh, ready)
		}
		return turn{}, context.Cause(ctx)
	}
}

func (l *syncLimit) room(fresh int) bool {
	whole := max(1, int(l.limit))
	if fresh == 1 && l.fresh >= max(1, whole/2) {
		return false
	}
	return l.running < whole
}

func (l *syncLimit) take(fresh int) {
	l.running++
	l.fresh += fresh
}

// give takes a turn back and lets those in who have room now.
func (l *syncLimit) give(fresh int) {
	l.running--
	l.fresh -= fresh
	l.admit()
}

func (l *syncLimit) admit() {
	for kind := range l.waiting {
		for len(l.waiting[kind]) > 0 && l.room(kind) {
			l.take(kind)
			l.waiting[kind][0] <- struct{}{}
			l.waiting[kind] = l.waiting[kind][1:]
		}
	}
}

func (l *syncLimit) drop(fresh int, ready chan struct{}) {
	for i, w := range l.waiting[fresh] {
		if w == ready {
			l.waiting[fresh] = append(l.waiting[fresh][:i:i], l.waiting[fresh][i+1:]...)
			return
		}
	}
}

// release ends the turn; spent is the time it was in the database.
func (t turn) release(spent time.Duration, err error) {
	l := t.l
	l.mu.Lock()
	defer l.mu.Unlock()
	busy := spent > l.cfg.Slow && l.usual > 0 && spent > 4*l.usual ||
		errors.Is(err, ErrUnavailable) || instance.IsLockWaitTimeout(err) || instance.IsTooManyConnections(err)
	switch {
	case busy && time.Since(l.cut) > 10*l.usual: // once for all that ran together
		l.limit, l.cut = max(1, l.limit/2), time.Now()
	case !busy:
		l.limit = min(float64(l.cfg.Max), l.limit+1/l.limit)
	}
	if err == nil {
		if l.usual == 0 {
			l.usual = spent
		}
		l.usual += (spent - l.usual) / 32
	}
	l.give(t.fresh)
}
