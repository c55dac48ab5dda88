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

// evict ends the mover's sessions for whose locks a claim waits. One that does
// not end at once is left to the next time, since others may have to end first.
func evict(ctx context.Context, db *sql.DB) error {
	ids, err := blockers(ctx, db)
	if err != nil {
		return fmt.Errorf("looking for who holds the mover's rows: %w", err)
	}
	short, cancel := context.WithTimeout(ctx, evictAfter)
	defer cancel()
	g := new(errgroup.Group)
	for _, id := range ids {
		g.Go(func() error {
			if err := instance.Kill(short, db, id); err != nil && short.Err() == nil {
				return err
			}
			return nil
		})
	}
	return g.Wait()
}

// blockers are the mover's sessions at the front of every queue for its rows.
// Who holds such a row may itself wait for a row of any table, which another
// session of the same worker has: hence the chain. It goes by transactions: the
// thread that data_lock_waits names is the one that made the lock's record,
// which may be the one that waits for it.
func blockers(ctx context.Context, db *sql.DB) (ids []uint64, err error) {
	rows, err := db.QueryContext(ctx, "WITH RECURSIVE chain (trx) AS ("+
		" SELECT w.BLOCKING_ENGINE_TRANSACTION_ID FROM performance_schema.data_lock_waits AS w"+
		" JOIN performance_schema.data_locks AS l ON l.ENGINE_LOCK_ID = w.BLOCKING_ENGINE_LOCK_ID"+
		" WHERE l.OBJECT_SCHEMA = '_berth' AND l.OBJECT_NAME IN ('move_jobs', 'move_lanes')"+
		" UNION SELECT w.BLOCKING_ENGINE_TRANSACTION_ID FROM chain"+
		" JOIN performance_schema.data_lock_waits AS w ON w.REQUESTING_ENGINE_TRANSACTION_ID = chain.trx)"+
		" SELECT DISTINCT t.trx_mysql_thread_id FROM chain"+
		" JOIN information_schema.INNODB_TRX AS t ON t.trx_id = chain.trx"+
		" JOIN performance_schema.session_connect_attrs AS a ON a.PROCESSLIST_ID = t.trx_mysql_thread_id AND a.ATTR_NAME = 'berth_router'"+
		" WHERE a.ATTR_VALUE LIKE ?"+
		" AND NOT EXISTS (SELECT 1 FROM performance_schema.data_lock_waits AS x WHERE x.REQUESTING_ENGINE_TRANSACTION_ID = chain.trx)", moverName+"%")
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
