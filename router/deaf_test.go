package router_test

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/berthdb/berth/shard"
)

// deaf is a store whose news don't reach the router: its first Load is
// answered, its watch never, and later ones once it hears. It stands for a
// router that is cut off from a real store, which it wraps.
type deaf struct {
	shard.Store
	loaded, hears atomic.Bool
}

func (d *deaf) Load(ctx context.Context) (*shard.Map, error) {
	if d.loaded.Swap(true) && !d.hears.Load() {
		return nil, errors.New("cut off")
	}
	return d.Store.Load(ctx)
}

func (d *deaf) Watch(ctx context.Context, _ func(shard.Event)) error {
	<-ctx.Done()
	return ctx.Err()
}
