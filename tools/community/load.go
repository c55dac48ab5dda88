package community

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/router"
)

// Load writes the community's rows, so many members side by side, each in one
// transaction. It can be repeated: a row that is there is set back to what it
// was at the beginning, and what the traffic added stays. When ctx ends, the
// members that were begun are finished. loaded, unless nil, counts the rows as
// they come.
func (c *Community) Load(ctx context.Context, repo *router.Repository, parallel int, loaded *atomic.Int64) error {
	statements, cut := outlive(ctx)
	defer cut()
	g, failed := errgroup.WithContext(statements)
	g.SetLimit(parallel)
	for id := int64(1); id <= int64(c.spec.Members) && ctx.Err() == nil && failed.Err() == nil; id++ {
		g.Go(func() error {
			n, err := c.loadMember(failed, repo.Member(id), id)
			if err != nil {
				return fmt.Errorf("write the rows of member %d: %w", id, err)
			}
			if loaded != nil {
				loaded.Add(int64(n))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

func (c *Community) loadMember(ctx context.Context, m router.Member, id int64) (rows int, err error) {
	err = m.InTx(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
		rows = 0 // it may run again
		for _, b := range c.batches(id) {
			n, err := router.Upsert(ctx, tx, b)
			if err != nil {
				return err
			}
			rows += n
		}
		return nil
	})
	return rows, err
}
