package main

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/berthdb/berth/router"
)

// database is where a statement of "berth sql" goes.
type database interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// sqlAll runs a statement on every shard. What some shards gave is printed
// also when others failed; the error then says which.
func (a *app) sqlAll(ctx context.Context, repo *router.Repository, statement string, out *rowPrinter) error {
	if givesRows(statement) {
		err := repo.Scatter(ctx, statement, nil, func(r router.Row) error { return out.row(r.Shard, r.Rows) })
		return errors.Join(err, out.end())
	}
	var turn sync.Mutex // shards print one at a time
	return repo.Each(ctx, func(ctx context.Context, s router.Shard) error {
		res, err := s.ExecContext(ctx, statement)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		turn.Lock()
		defer turn.Unlock()
		return out.affected(s.Name, n)
	})
}
