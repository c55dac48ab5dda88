package consul

import (
	"context"
	"sync"

	"github.com/berthdb/berth/shard"
)

// life ends everything that a store runs when the store is closed, and waits
// for it.
type life struct {
	over context.Context
	end  context.CancelFunc

	mu      sync.Mutex // guards the step from "not closed" to running.Add
	running sync.WaitGroup
}

func newLife() *life {
	over, end := context.WithCancel(context.Background())
	return &life{over: over, end: end}
}

// begin counts one call that runs in the store. The context it gives ends with
// the caller's and with the store, the latter with the cause ErrClosed; done
// must be called once.
func (l *life) begin(ctx context.Context) (_ context.Context, done func(), _ error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over.Err() != nil {
		return nil, nil, shard.ErrClosed
	}
	l.running.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.over, func() { cancel(shard.ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		l.running.Done()
	}, nil
}

// keep runs fn in a goroutine that the store waits for.
func (l *life) keep(fn func()) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over.Err() != nil {
		return shard.ErrClosed
	}
	l.running.Go(fn)
	return nil
}

func (l *life) close() {
	l.mu.Lock()
	l.end()
	l.mu.Unlock()
	l.running.Wait()
}
