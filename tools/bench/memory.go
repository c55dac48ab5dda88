package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard/instance"
)

const (
	memoryNamed = 100_000 // members a value is made for
	memoryRun   = 20_000  // of them, those that run a statement
)

// memoryResult is what the heap kept of members that were handled.
type memoryResult struct {
	Named       int     `json:"members_named"`
	Run         int     `json:"members_run"`
	Heap        float64 `json:"heap_kib"`
	PerThousand float64 `json:"kib_per_1000_members"`
}

// measureMemory compares the heap before and after many members were handled,
// all of which are idle at both times.
func measureMemory(ctx context.Context, _ options) (_ section, err error) {
	t, err := newTarget(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	r, err := t.router(ctx, 8, instance.Options{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p := router.NewRepository(r)
	defer p.Close()
	handle := func(from, to int) error {
		for id := from; id < to; id++ {
			m := p.Member(id)
			if id%(memoryNamed/memoryRun) != 0 {
				continue
			}
			// Most of these members have no rows, which makes no difference.
			err := scan(m.QueryRowContext(ctx, selectContact, id, 1))
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		return nil
	}
	const before = 10_000 // fill caches and buffers, and open the connections
	if err := handle(1, before); err != nil {
		return nil, err
	}
	start := heap()
	if err := handle(before, before+memoryNamed); err != nil {
		return nil, err
	}
	end := heap()
	return memoryResult{
		Named: memoryNamed, Run: memoryRun, Heap: end / 1024, PerThousand: (end - start) / 1024 / memoryRun * 1000,
	}, nil
}

// heap is the bytes in use after all garbage is gone.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func (r memoryResult) print(w io.Writer) {
	fmt.Fprintf(w, "Memory that members leave behind: %d named, %d of them with a statement\n  %+.2f KiB per 1,000, of a heap of %.0f KiB   (nothing is kept per member: this is the collector's noise)\n",
		r.Named, r.Run, r.PerThousand, r.Heap)
}
