package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard/instance"
)

// memory measures what members cost that were handled and are idle again.
func (b *bench) memory(ctx context.Context) error {
	t, err := newTarget(ctx)
	if err != nil {
		return err
	}
	defer t.close()
	r, err := t.router(ctx, 8, instance.Options{})
	if err != nil {
		return err
	}
	defer r.Close()
	p := router.NewRepository(r)
	defer p.Close()
	touch := func(from, to int64) error {
		for m := from; m < to; m++ {
			if err := scan(p.Member(m).QueryRowContext(ctx, selectContact, m, 1)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := touch(1, 500); err != nil { // connections, caches and buffers
		return err
	}
	before := heap()
	const handled = members - 500
	if err := touch(500, members); err != nil {
		return err
	}
	perThousand := (float64(heap()) - float64(before)) / handled * 1000
	fmt.Fprintf(b.out, "\nmemory per 1,000 idle members handled: %.1f KiB (of the noise of a garbage collector; nothing is kept per member)\n", perThousand/1024)
	return nil
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
