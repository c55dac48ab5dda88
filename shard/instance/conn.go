package instance

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"

	"github.com/berthdb/berth/shard"
	"github.com/go-sql-driver/mysql"
)

// session is what the driver's connections can do, all of which Conn hands on.
type session interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// Conn is one connection whose server has passed hello. Like every driver.Conn
// it serves one goroutine at a time. It never reconnects: a broken one stays
// broken, and the next has its own hello.
type Conn struct {
	session // a field of interface type: one indirect call over the driver's own

	id       uint64
	name     string
	version  Version
	uuid     string
	readOnly bool
	fence    []FenceRow // above the epoch at hello; nearly always empty
}

// ID is the server's number for this session, for Kill.
func (c *Conn) ID() uint64 { return c.id }

// Session is a random text, another one for each connection, that the session
// has in its connection attributes (berth_session). It tells this session from
// one to which a server that was restarted has given the same number.
func (c *Conn) Session() string { return c.name }

// Version is the server's version.
func (c *Conn) Version() Version { return c.version }

// UUID is the server's server_uuid; empty without hello.
func (c *Conn) UUID() string { return c.uuid }

// ReadOnly reports whether the server was read_only at hello.
func (c *Conn) ReadOnly() bool { return c.readOnly }

// Fenced reports whether the server was fenced off for the member, at hello,
// against routers whose map is older than minEpoch, and the given epoch is. A
// caller whose map is newer now passes. It does not allocate.
func (c *Conn) Fenced(m shard.Member, epoch uint64) (minEpoch uint64, fenced bool) {
	if len(c.fence) == 0 {
		return 0, false
	}
	k := m.KeyspaceID()
	for i := range c.fence {
		row := &c.fence[i]
		covers := row.Span.Range.Contains(k)
		if row.Span.IsPin() {
			covers = row.Span.Pin == m
		}
		if covers && row.MinEpoch > epoch && row.MinEpoch > minEpoch {
			minEpoch, fenced = row.MinEpoch, true
		}
	}
	return minEpoch, fenced
}

// Fence is the fence rows that hello read; the caller must not change them.
func (c *Conn) Fence() []FenceRow { return c.fence }

// ExecContext implements driver.ExecerContext.
func (c *Conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	res, err := c.session.ExecContext(ctx, query, args)
	if err != nil && errors.Is(err, driver.ErrBadConn) && sendsFile(query) {
		// The driver says ErrBadConn also when the connection breaks while it
		// sends the file, long after the statement: rows may have been stored.
		return nil, mysql.ErrInvalidConn
	}
	return res, err
}

// sendsFile reports whether the statement may be LOAD DATA LOCAL INFILE. It
// errs to that side: what it says is used to call an outcome unknown.
func sendsFile(query string) bool { return strings.Contains(strings.ToLower(query), "infile") }
