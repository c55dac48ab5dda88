package router

import (
	"context"
	"database/sql/driver"

	"github.com/berthdb/berth/router/scope"
)

// statement is a prepared statement. Its text has been read; each server
// connection that it is executed on prepares it when it first meets it.
type statement struct {
	session *session
	routing routing
	st      *scope.Statement
	query   string
}

var (
	_ driver.Stmt              = (*statement)(nil)
	_ driver.StmtExecContext   = (*statement)(nil)
	_ driver.StmtQueryContext  = (*statement)(nil)
	_ driver.NamedValueChecker = (*statement)(nil)
)

func (st *statement) Close() error { return nil }

// NumInput is the number of parameters.
func (st *statement) NumInput() int { return st.st.Params() }

func (st *statement) CheckNamedValue(nv *driver.NamedValue) error { return checkNamedValue(nv) }

// ExecContext runs the statement where its parameters say, or where it was
// prepared for.
func (st *statement) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return st.session.exec(ctx, st.routing.or(ctx), st.st, st.query, args, true)
}

// QueryContext is ExecContext for a statement that gives rows.
func (st *statement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return st.session.query(ctx, st.routing.or(ctx), st.st, st.query, args, true)
}

// Exec and Query are of driver.Stmt; database/sql calls the two above.
func (st *statement) Exec(args []driver.Value) (driver.Result, error) {
	return st.ExecContext(context.Background(), named(args))
}

func (st *statement) Query(args []driver.Value) (driver.Rows, error) {
	return st.QueryContext(context.Background(), named(args))
}

func named(args []driver.Value) []driver.NamedValue {
	out := make([]driver.NamedValue, len(args))
	for i, a := range args {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return out
}
