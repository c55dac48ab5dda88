package move

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/rows"
)

// Sizes estimates what every entry of the map weighs, for shard.Rebalance. The
// shards are asked side by side, each for one table after the other. It
// changes nothing; a table that a shard does not have weighs nothing there.
func Sizes(ctx context.Context, cfg Config, m *shard.Map) (map[shard.Span]shard.Load, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	sizes := map[shard.Span]shard.Load{}
	g, ctx := errgroup.WithContext(ctx)
	for s := range m.Shards() {
		g.Go(func() error {
			loads, err := cfg.sizesOn(ctx, m, s)
			if err != nil {
				return fmt.Errorf("estimating what shard %s holds: %w", s.Name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for span, l := range loads {
				sizes[span] = l
			}
			return nil
		})
	}
	return sizes, g.Wait()
}

// sizesOn is what the entries on one shard weigh.
func (c Config) sizesOn(ctx context.Context, m *shard.Map, s shard.Shard) (map[shard.Span]shard.Load, error) {
	loads := map[shard.Span]shard.Load{}
	for _, e := range m.Entries() {
		if e.Shard == s.Name {
			loads[e.Span] = shard.Load{}
		}
	}
	if len(loads) == 0 {
		return nil, nil
	}
	from, err := c.open(m, s.Name, "")
	if err != nil {
		return nil, err
	}
	defer from.close()
	tables, err := rows.Inspect(ctx, from.db, sharded(m))
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		if t.Missing {
			continue
		}
		estimates, err := t.Estimates(ctx, from.db, m, s.Name)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", t.Name, err)
		}
		for span, e := range estimates {
			l := loads[span]
			l.Rows += e.Rows
			l.Bytes += e.Bytes
			loads[span] = l
		}
	}
	return loads, nil
}
