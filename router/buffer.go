package router

import (
	"context"
	"errors"
	"sync"
	"time"
)

// BufferConfig bounds the statements that wait while a member is on the move.
type BufferConfig struct {
	Statements int           // at most this many at once; 0 means 10,000, negative none
	Bytes      int           // of their texts and parameters together; 0 means 64 MiB
	Window     time.Duration // the longest that one waits; 0 means 10 s
}

func (c BufferConfig) withDefaults() BufferConfig {
	if c.Statements == 0 {
		c.Statements = 10_000
	}
	if c.Bytes == 0 {
		c.Bytes = 64 << 20
	}
	if c.Window == 0 {
		c.Window = 10 * time.Second
	}
	return c
}

// buffer holds back statements until the map changes.
type buffer struct {
	cfg    BufferConfig
	closed <-chan struct{} // with the router: no map will come any more

	mu      sync.Mutex
	waiting int
	bytes   int
	total   uint64 // ever held back
	refused uint64 // for lack of room or time
}

var (
	errFull = errors.New("the buffer is full")
	errLate = errors.New("the buffer's window has passed")
)

// patience is how long one statement may still be held back. Its zero value
// has not begun to wait.
type patience struct {
	until   time.Time
	held    time.Time // when it was first held back for a map to come
	attempt string    // that froze what it waits for now; of Router.hold
}

// spent reports whether the window, counted from the first call or wait, is over.
func (p *patience) spent(window time.Duration) bool {
	if p.until.IsZero() {
		p.until = time.Now().Add(window)
	}
	return time.Now().After(p.until)
}

// wait returns nil when changed is closed.
func (b *buffer) wait(ctx context.Context, changed <-chan struct{}, size int, p *patience) error {
	p.spent(b.cfg.Window)
	if p.held.IsZero() {
		p.held = time.Now()
	}
	if !b.add(size) {
		return joined(ErrBuffered, errFull)
	}
	defer b.remove(size)
	timer := time.NewTimer(time.Until(p.until))
	defer timer.Stop()
	select {
	case <-changed:
		return nil
	case <-timer.C:
		b.mu.Lock()
		b.refused++
		b.mu.Unlock()
		return joined(ErrBuffered, errLate)
	case <-b.closed:
		return joined(ErrBuffered, ErrClosed)
	case <-ctx.Done():
		return joined(ErrBuffered, context.Cause(ctx))
	}
}

func (b *buffer) add(size int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting >= b.cfg.Statements || b.bytes+size > b.cfg.Bytes {
		b.refused++
		return false
	}
	b.waiting++
	b.bytes += size
	b.total++
	return true
}

func (b *buffer) remove(size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting--
	b.bytes -= size
}
