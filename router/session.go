package router

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/berthdb/berth/router/scope"
)

// session is what database/sql takes for a connection. It has no server of its
// own: each statement goes to the home of its member on a connection of that
// server's pool, and a transaction keeps one from its first statement to its
// end. It costs nothing to open and is always valid.
type session struct {
	r  *Router
	tx *transaction // nil outside one
}

var (
	_ driver.Conn               = (*session)(nil)
	_ driver.ConnBeginTx        = (*session)(nil)
	_ driver.ConnPrepareContext = (*session)(nil)
	_ driver.ExecerContext      = (*session)(nil)
	_ driver.QueryerContext     = (*session)(nil)
	_ driver.NamedValueChecker  = (*session)(nil)
	_ driver.Pinger             = (*session)(nil)
)

// Close forgets an unfinished transaction by rolling it back.
func (s *session) Close() error {
	if s.tx != nil {
		return s.tx.Rollback()
	}
	return nil
}

// Ping succeeds when any shard answers.
func (s *session) Ping(ctx context.Context) error { return s.r.Ping(ctx) }

// Prepare is PrepareContext without a context.
func (s *session) Prepare(query string) (driver.Stmt, error) {
	return s.PrepareContext(context.Background(), query)
}

// PrepareContext reads the statement; a server sees it when it is executed.
// What the context says of the member is not kept: database/sql prepares a
// statement again on other sessions under the context of whichever call comes
// first there, and then runs it under those of others.
func (s *session) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	var rt routing
	if marked, text, ok := s.r.unmark(query); ok {
		rt, query = marked, text
	}
	st, err := s.parse(rt, query)
	if err != nil {
		return nil, err
	}
	return &statement{session: s, routing: rt, st: st, query: query}, nil
}

// ExecContext runs a statement that gives no rows.
func (s *session) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	rt := routingOf(ctx)
	st, err := s.parse(rt, query)
	if err != nil {
		return nil, err
	}
	return s.exec(ctx, rt, st, query, args, false)
}

// QueryContext runs a statement that gives rows.
func (s *session) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rt := routingOf(ctx)
	st, err := s.parse(rt, query)
	if err != nil {
		return nil, err
	}
	return s.query(ctx, rt, st, query, args, false)
}

// parse reads the statement, all of it if it will have to pass the guard.
func (s *session) parse(rt routing, query string) (*scope.Statement, error) {
	if rt.unscoped || s.tx != nil && rt.isZero() && s.tx.routing.unscoped {
		return s.r.parser.Outline(query)
	}
	return s.r.parser.Parse(query)
}

func (s *session) exec(ctx context.Context, rt routing, st *scope.Statement, query string, args []driver.NamedValue, prepare bool) (driver.Result, error) {
	if s.tx != nil && rt.isZero() {
		rt = s.tx.routing
	}
	v, err := s.r.judge(rt, st, args)
	if err != nil {
		return nil, err
	}
	prepare = prepare || s.prepares(args)
	var res driver.Result
	run := func(ctx context.Context, c *pooled) (err error) {
		res, err = execOn(ctx, c, query, args, prepare)
		return err
	}
	if s.tx != nil {
		if t, err := s.tx.bind(ctx, v, size(query, args)); err != nil || t != nil {
			if err == nil {
				err = s.tx.run(ctx, v, run)
			}
			return res, err
		}
	}
	if err := v.outsideTransaction(); err != nil {
		return nil, err
	}
	err = s.r.dispatch(ctx, call{to: v.to, size: size(query, args), read: v.read, run: func(ctx context.Context, _ *ticket, c *pooled) (bool, error) {
		return false, run(ctx, c)
	}})
	return res, err
}

func (s *session) query(ctx context.Context, rt routing, st *scope.Statement, query string, args []driver.NamedValue, prepare bool) (driver.Rows, error) {
	if s.tx != nil && rt.isZero() {
		rt = s.tx.routing
	}
	v, err := s.r.judge(rt, st, args)
	if err != nil {
		return nil, err
	}
	prepare = prepare || s.prepares(args)
	if s.tx != nil {
		if t, err := s.tx.bind(ctx, v, size(query, args)); err != nil || t != nil {
			if err != nil {
				return nil, err
			}
			var out driver.Rows
			err = s.tx.run(ctx, v, func(ctx context.Context, c *pooled) error {
				rows, err := queryOn(ctx, c, query, args, prepare)
				if err == nil {
					t.open++
					out = &resultRows{serverRows: rows, r: s.r, t: t}
				}
				return err
			})
			return out, err
		}
	}
	if err := v.outsideTransaction(); err != nil {
		return nil, err
	}
	var out driver.Rows
	err = s.r.dispatch(ctx, call{to: v.to, size: size(query, args), read: v.read, run: func(ctx context.Context, t *ticket, c *pooled) (bool, error) {
		rows, err := queryOn(ctx, c, query, args, prepare)
		if err != nil {
			return false, err
		}
		out = &resultRows{serverRows: rows, r: s.r, t: t, conn: c}
		return true, nil
	}})
	return out, err
}

// BeginTx begins a transaction. It is bound to a server at once when the
// context names a member or shard, and by its first statement otherwise.
func (s *session) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if s.tx != nil {
		return nil, refused("a transaction is open on this connection already")
	}
	tx := &transaction{session: s, opts: opts, routing: routingOf(ctx)}
	if tx.routing.err != nil {
		return nil, tx.routing.err
	}
	if to, ok := tx.routing.target(); ok {
		if err := tx.begin(ctx, to, 0); err != nil {
			return nil, err
		}
	}
	s.tx = tx
	return tx, nil
}

// Begin is BeginTx without a context or options.
func (s *session) Begin() (driver.Tx, error) {
	return s.BeginTx(context.Background(), driver.TxOptions{})
}

// prepares reports whether statements with these parameters go as prepared
// ones. The driver would decline them otherwise, but only after it has woken
// the goroutine that watches the context, which costs as much as the guard.
func (s *session) prepares(args []driver.NamedValue) bool {
	return len(args) > 0 && !s.r.cfg.Instance.Options.InterpolateParams
}

// execOn and queryOn send one statement on one server connection. With
// parameters it goes as a prepared statement, which the connection keeps,
// unless the driver was told to put the parameters into the text.
func execOn(ctx context.Context, c *pooled, query string, args []driver.NamedValue, prepare bool) (driver.Result, error) {
	if !prepare {
		res, err := c.ExecContext(ctx, query, args)
		if !errors.Is(err, driver.ErrSkip) {
			return res, err
		}
	}
	st, done, err := c.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	defer done()
	return st.(driver.StmtExecContext).ExecContext(ctx, args)
}

func queryOn(ctx context.Context, c *pooled, query string, args []driver.NamedValue, prepare bool) (serverRows, error) {
	if !prepare {
		rows, err := c.QueryContext(ctx, query, args)
		if err == nil {
			return rows.(serverRows), nil
		}
		if !errors.Is(err, driver.ErrSkip) {
			return nil, err
		}
	}
	st, done, err := c.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := st.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		done()
		return nil, err
	}
	return closing{rows.(serverRows), done}, nil
}

// size is what a statement holds in memory while it waits, in bytes.
func size(query string, args []driver.NamedValue) int {
	n := len(query) + 64*len(args)
	for _, a := range args {
		switch v := a.Value.(type) {
		case string:
			n += len(v)
		case []byte:
			n += len(v)
		}
	}
	return n
}
