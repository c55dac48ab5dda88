package instance

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"os"

	"github.com/go-sql-driver/mysql"
)

// Definite reports whether the error proves that the statement it came from
// never ran, nor will: no connection came about, hello refused it, or the
// driver could not put a single byte of it on the wire. It may be sent again,
// on another connection.
//
// It speaks of that one statement. When it was not the first of a transaction,
// the others are lost with the connection; when it was COMMIT, the transaction
// will be rolled back once the server has noticed.
//
// It is false for everything else whose connection broke, and for an error
// that the server answered with, which has its own meaning. It is false for
// the end of the caller's context, which may come before or after sending: the
// driver closes the connection once anything was sent, so a Conn that is still
// valid (IsValid) then has sent nothing.
func Definite(err error) bool {
	var connect *ConnectError
	return errors.Is(err, ErrRefused) || errors.As(err, &connect) ||
		errors.Is(err, driver.ErrBadConn) || isTimedOutIdle(err)
}

// IsConnectionLost reports that the connection is gone, or never came about,
// so that it can't be used again.
func IsConnectionLost(err error) bool {
	var connect *ConnectError
	switch {
	case err == nil, errors.Is(err, ErrRefused):
		return false
	case errors.As(err, &connect):
		// A dialer's own limit says context.DeadlineExceeded as well as the
		// caller's does; only Open knew whose it was.
		return !connect.ended && (lost(connect.Err) || errors.Is(connect.Err, context.DeadlineExceeded))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	}
	return lost(err)
}

func lost(err error) bool {
	for _, e := range []error{
		driver.ErrBadConn, mysql.ErrInvalidConn, mysql.ErrPktSync, mysql.ErrPktSyncMul, mysql.ErrMalformPkt,
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, os.ErrDeadlineExceeded, errLoginTimeout,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	// Not any net.Error: the errors of files look like one.
	var network *net.OpError
	var name *net.DNSError
	return errors.As(err, &network) || errors.As(err, &name) || isTimedOutIdle(err)
}

// Unavailable reports whether the error speaks against the server as a whole,
// so that a breaker should count it: it can't be reached, does not answer, is
// going down, or has no connection to spare. It is false for what the server
// answers to a statement or to a login, for refusals by hello, for a pooled
// connection that turned out to be stale (the next one will tell), and for the
// end of the caller's own context.
func Unavailable(err error) bool {
	var connect *ConnectError
	stale := isTimedOutIdle(err) || errors.Is(err, driver.ErrBadConn)
	if stale && !errors.As(err, &connect) {
		return false
	}
	return IsConnectionLost(err) || IsShutdown(err) || IsTooManyConnections(err)
}
