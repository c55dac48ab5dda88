package router

import (
	"database/sql/driver"
	"errors"
	"io"

	"github.com/berthdb/berth/shard/instance"
)

// serverRows is what the MySQL driver's result sets can do.
type serverRows interface {
	driver.Rows
	driver.RowsNextResultSet
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// resultRows are a result that is being read from a server. The server
// connection and the ticket stay in use until it is closed.
type resultRows struct {
	serverRows
	r      *Router
	t      *ticket
	conn   *pooled // to give back; nil when it is a transaction's
	err    error   // the first failure to read a row or result
	closed bool
}

// Next reads the next row.
func (r *resultRows) Next(dest []driver.Value) error {
	return r.read(r.serverRows.Next(dest))
}

// NextResultSet goes on to the next result, as of a CALL.
func (r *resultRows) NextResultSet() error { return r.read(r.serverRows.NextResultSet()) }

func (r *resultRows) read(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if r.err == nil {
		r.err = err
	}
	if instance.IsServerError(err) {
		return err
	}
	return r.t.broken(err)
}

// Close reads what is left of the result and gives the connection back.
func (r *resultRows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	err := r.serverRows.Close()
	if r.err != nil {
		err = r.err
	}
	if r.conn == nil {
		r.t.closedRows(err)
		return nil
	}
	if ran, err := r.r.settle(r.t, r.conn, err); ran != ranUnknown {
		return err
	}
	return r.t.broken(err)
}

// closing runs done when the rows are closed.
type closing struct {
	serverRows
	done func()
}

func (c closing) Close() error {
	defer c.done()
	return c.serverRows.Close()
}
