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
	broken func(error) error // makes the client's error of a broken connection's
	settle func(error) error // gives the connection back; nil once closed
	err    error             // the first failure to read a row
}

// Next reads the next row.
func (r *resultRows) Next(dest []driver.Value) error {
	err := r.serverRows.Next(dest)
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if r.err == nil {
		r.err = err
	}
	if instance.IsServerError(err) {
		return err
	}
	return r.broken(err)
}

// Close reads what is left of the result and gives the connection back.
func (r *resultRows) Close() error {
	if r.settle == nil {
		return nil
	}
	err := r.serverRows.Close()
	if r.err != nil {
		err = r.err
	}
	settle := r.settle
	r.settle = nil
	return settle(err)
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
