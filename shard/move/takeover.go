package move

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// evictAfter is how long a worker's last transaction may take to end by itself
// once another worker has the job's lock.
const evictAfter = 2 * time.Second

// takeUp raises the job's generation on the server, as claim does, and does not
// wait for ever: a worker that was stopped, or cut off, in the middle of a
// transaction keeps its locks for as long as its connection stands. The mover's
// sessions that are in the way are ended. What they had not committed is undone
// and found undone by whoever goes on.
func takeUp(ctx context.Context, s *server, job string, span shard.Span, worker string, target bool) (generation uint64, err error) {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if generation, err = claim(gctx, s.db, job, span, worker, target); err != nil {
			return err
		}
		return errOver
	})
	g.Go(func() error {
		for {
			if err := pauseFor(gctx, evictAfter); err != nil {
				return err
			}
			if err := evict(gctx, s.db); err != nil {
				return err
			}
		}
	})
	if err := g.Wait(); !errors.Is(err, errOver) {
		return 0, err
	}
	return generation, nil
}

// evict ends the mover's sessions that hold locks on the mover's rows for which
// somebody waits.
func evict(ctx context.Context, db *sql.DB) error {
	ids, err := blockers(ctx, db)
	if err != nil {
		return fmt.Errorf("looking for who holds the mover's rows: %w", err)
	}
	for _, id := range ids {
		if err := instance.Kill(ctx, db, id); err != nil {
			return err
		}
	}
	return nil
}

func blockers(ctx context.Context, db *sql.DB) (ids []uint64, err error) {
	rows, err := db.QueryContext(ctx, "SELECT DISTINCT t.PROCESSLIST_ID FROM performance_schema.data_lock_waits AS w"+
		" JOIN performance_schema.data_locks AS l ON l.ENGINE_LOCK_ID = w.BLOCKING_ENGINE_LOCK_ID"+
		" JOIN performance_schema.threads AS t ON t.THREAD_ID = w.BLOCKING_THREAD_ID"+
		" JOIN performance_schema.session_connect_attrs AS a ON a.PROCESSLIST_ID = t.PROCESSLIST_ID AND a.ATTR_NAME = 'berth_router'"+
		" WHERE l.OBJECT_SCHEMA = '_berth' AND l.OBJECT_NAME IN ('move_jobs', 'move_lanes') AND a.ATTR_VALUE LIKE ?"+
		// Only who is at the front: the others wait for it themselves.
		" AND NOT EXISTS (SELECT 1 FROM performance_schema.data_lock_waits AS x WHERE x.REQUESTING_THREAD_ID = w.BLOCKING_THREAD_ID)", moverName+"%")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id uint64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
