package mutation_test

import (
	"context"
	"errors"
	"sync"

	"github.com/berthdb/berth/shard"
)

var errCut = errors.New("cut off from the store")

// cut is a store that a router can be cut off from, and that can show it an
// older map. Everybody else has the store beneath.
type cut struct {
	shard.Store
	unlisted bool // the router is on no list from the first

	mu     sync.Mutex
	off    bool
	report func(shard.Event) // of the watch
}

func (c *cut) cutOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = true
}

func (c *cut) isOff() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.off
}

// show reports a map to the router's watch, whatever the store has.
func (c *cut) show(m *shard.Map) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report(shard.Event{Map: m})
}

func (c *cut) Load(ctx context.Context) (*shard.Map, error) {
	if c.isOff() {
		return nil, errCut
	}
	return c.Store.Load(ctx)
}

func (c *cut) Watch(ctx context.Context, fn func(shard.Event)) error {
	return c.Store.Watch(ctx, func(e shard.Event) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.report = fn
		if !c.off {
			fn(e)
		}
	})
}

func (c *cut) Register(ctx context.Context, s shard.RouterState) (shard.Registration, error) {
	if c.isOff() || c.unlisted {
		return nil, errCut
	}
	return c.Store.Register(ctx, s)
}
