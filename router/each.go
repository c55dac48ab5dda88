package router

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Shard is one shard's data as a whole. The guard does not apply to it; what
// it finds on the shard may include rows of members on their way to or from it.
type Shard struct {
	Name string
	db   *sql.DB
	rt   routing
}

// Shard gives access to one shard as a whole.
func (p *Repository) Shard(name string) Shard {
	return Shard{Name: name, db: p.db, rt: routing{shard: name, unscoped: true}}
}

// ExecContext runs a statement that gives no rows.
func (s Shard) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.db.ExecContext(withRouting(ctx, s.rt), query, args...)
}

// QueryContext runs a statement that gives rows; close them.
func (s Shard) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.db.QueryContext(withRouting(ctx, s.rt), query, args...)
}

// QueryRowContext runs a statement that gives at most one row.
func (s Shard) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return s.db.QueryRowContext(withRouting(ctx, s.rt), query, args...)
}

// BeginTx begins a transaction on the shard.
func (s Shard) BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error) {
	return s.db.BeginTx(withRouting(ctx, s.rt), opts)
}

// maxParallel bounds how many shards are worked on side by side.
const maxParallel = 16

// ShardsError says on which shards something failed; on all others it was done.
type ShardsError struct {
	Failed map[string]error // by the shard's name
	Shards int              // how many there are
}

func (e *ShardsError) Error() string {
	names := slices.Sorted(mapKeys(e.Failed))
	text := fmt.Sprintf("failed on %d of %d shards", len(names), e.Shards)
	for _, n := range names {
		text += fmt.Sprintf("; %s: %v", n, e.Failed[n])
	}
	return text
}

// Unwrap gives the shards' errors, for errors.Is and errors.As.
func (e *ShardsError) Unwrap() []error {
	var errs []error
	for _, n := range slices.Sorted(mapKeys(e.Failed)) {
		errs = append(errs, e.Failed[n])
	}
	return errs
}

func mapKeys(m map[string]error) iter.Seq[string] {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// Each runs fn for every shard, at most 16 side by side. A failure on one does
// not stop the others: the error is a *ShardsError.
func (p *Repository) Each(ctx context.Context, fn func(context.Context, Shard) error) error {
	var names []string
	for s := range p.r.Map().Shards() {
		names = append(names, s.Name)
	}
	errs := make([]error, len(names))
	var g errgroup.Group
	g.SetLimit(maxParallel)
	for i, name := range names {
		g.Go(func() error {
			errs[i] = fn(ctx, p.Shard(name))
			return nil
		})
	}
	_ = g.Wait() // the errors are in errs
	failed := map[string]error{}
	for i, err := range errs {
		if err != nil {
			failed[names[i]] = err
		}
	}
	if len(failed) > 0 {
		return &ShardsError{Failed: failed, Shards: len(names)}
	}
	return nil
}

// Scatter runs a query on every shard, at most 16 side by side, and calls fn
// for each row as it arrives, one call at a time, in no order between shards.
// The row is valid during the call. When fn fails, or ctx ends, all stop; when
// a shard fails, the others go on, and the *ShardsError says which rows are
// missing.
//
// While a move is not completed, the rows that moved are on both of its
// shards; Members lists each member once.
func (p *Repository) Scatter(ctx context.Context, query string, args []any, fn func(Row) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	found := make(chan Row)
	done := make(chan error, 1)
	go func() {
		done <- p.Each(ctx, func(ctx context.Context, s Shard) error { return s.stream(ctx, query, args, found) })
		close(found)
	}()
	var failed error
	for row := range found {
		if failed == nil {
			if failed = fn(row); failed != nil {
				stop(failed)
			}
		}
		row.read <- struct{}{}
	}
	if err := <-done; failed == nil {
		return err
	}
	return failed
}

// Row is one row of a scattered query.
type Row struct {
	*sql.Rows        // Scan and Columns are the caller's; Next and Close are not
	Shard     string // where the row was found
	read      chan struct{}
}

func (s Shard) stream(ctx context.Context, query string, args []any, to chan<- Row) (err error) {
	rows, err := s.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	read := make(chan struct{}, 1)
	for rows.Next() {
		select {
		case to <- Row{Rows: rows, Shard: s.Name, read: read}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		select {
		case <-read:
		case <-ctx.Done(): // also when fn panicked and will never be done
			return context.Cause(ctx)
		}
	}
	return rows.Err()
}
