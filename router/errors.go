package router

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

var (
	// ErrUnavailable: the shard's server can't be reached, or its breaker is
	// open. The statement did not run.
	ErrUnavailable = errors.New("shard unavailable")
	// ErrBuffered: the statement waited for a member on the move, or for a
	// newer map, longer than the buffer allows, or found the buffer full. It
	// did not run.
	ErrBuffered = errors.New("member is on the move")
	// ErrEnded: the transaction was rolled back because its member moved. It
	// did not commit.
	ErrEnded = errors.New("transaction ended because its member moved")
	// ErrRolledBack: the server is set up to roll back the whole transaction on
	// an error that ends a single statement elsewhere, and has. It did not
	// commit.
	ErrRolledBack = errors.New("transaction rolled back by the server")
	// ErrUnknownOutcome: the connection broke after the statement, or the
	// commit, was sent. Nobody knows whether it took effect, so nothing is
	// sent again: read the data and decide.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrWrongMember: the statement is about another member than the one it
	// was sent for, or than the one its transaction is bound to.
	ErrWrongMember = errors.New("statement of another member")
	// ErrRefused: the statement is of a kind that can't be routed, such as a
	// change of session state or a transaction begun by text.
	ErrRefused = errors.New("statement refused")
	// ErrClosed: the router is closed.
	ErrClosed = errors.New("router is closed")
)

// StatementError says what became of a statement that failed on its way to,
// or on, a server for another reason than the server's own reply, which is
// passed on as it is (errors.As with *mysql.MySQLError).
type StatementError struct {
	Member   shard.Member // zero for a statement of no single member
	Shard    string
	Instance string // address of the server
	Ran      Ran
	Err      error // wraps one of the package's errors and the cause
}

// Ran says whether a failed statement took effect.
type Ran int8

const (
	RanUnknown Ran = iota // it was sent and its fate can't be told
	RanNot                // it provably did not
)

func (e *StatementError) Error() string {
	var b strings.Builder
	if !e.Member.IsZero() {
		fmt.Fprintf(&b, "member %s: ", e.Member)
	}
	if e.Shard != "" {
		fmt.Fprintf(&b, "shard %s: ", e.Shard)
	}
	if e.Instance != "" {
		fmt.Fprintf(&b, "server %s: ", e.Instance)
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap gives the cause.
func (e *StatementError) Unwrap() error { return e.Err }

// Retryable answers one question about an error of this package: did the
// statement, or the transaction, provably not take effect, so that running it
// again is safe? A deadlock counts, and a full lock table, since the server has rolled
// back. Work on
// several shards that failed on some of them does not: the others did theirs.
func Retryable(err error) bool {
	var shards *ShardsError
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrUnknownOutcome) || errors.As(err, &shards) {
		return false
	}
	var se *StatementError
	if errors.As(err, &se) {
		return se.Ran == RanNot
	}
	return instance.IsDeadlock(err) || instance.IsLockTableFull(err)
}

// joined makes one error of a sentinel and its cause.
func joined(sentinel, cause error) error {
	if cause == nil {
		return sentinel
	}
	return fmt.Errorf("%w: %w", sentinel, cause)
}

// hideBadConn keeps driver.ErrBadConn out of the chain: database/sql would
// take it as a reason to send the statement again by itself.
func hideBadConn(err error) error {
	if !errors.Is(err, driver.ErrBadConn) {
		return err
	}
	hidden := errors.New("connection broken")
	for _, keep := range []error{context.DeadlineExceeded, context.Canceled, ErrUnavailable, ErrUnknownOutcome, ErrEnded} {
		if errors.Is(err, keep) {
			hidden = joined(keep, hidden)
		}
	}
	return hidden
}
