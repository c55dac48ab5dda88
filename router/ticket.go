package router

import (
	"database/sql/driver"
	"sync"
	"sync/atomic"

	"github.com/berthdb/berth/shard"
)

// ticket is one statement or transaction in flight: from before it is sent
// until it is answered, or its session is known to be gone from the server.
type ticket struct {
	member shard.Member // zero: the statement is of no single member
	kid    shard.KeyspaceID
	loose  bool // of target
	wide   bool // of target
	shard  string
	epoch  uint64 // of the map that let it in
	server *server

	// Of the gate, under the stripe's lock.
	stripe     *stripe
	prev, next *ticket
	gone       bool
	left       chan struct{} // made by whoever waits for the ticket to leave

	read bool // it changes and locks nothing

	// conn is set, once, before anything is sent on it.
	conn atomic.Pointer[pooled]
	// fate says who has the last word on the connection. Only the one who
	// moves it on may send on the connection or give it to anyone else, so
	// that a drain never misses a statement that is about to be sent, and
	// never kills a session that serves another one by now.
	fate       atomic.Int32
	committing atomic.Bool // its COMMIT is being sent

	// mu is held during each call to the server on a transaction's
	// connection, so that a drain that gets it finds the transaction idle.
	mu    sync.Mutex
	tx    driver.Tx // nil for a single statement
	open  int       // result sets of the transaction that are still being read
	ended error     // why the transaction is over, when it was not the client's doing
	undid bool      // it is because the server rolled it back; the connection is as good as before
	state bool      // a statement of the transaction changed the session's state
}

// The fates of a ticket's connection.
const (
	waiting int32 = iota // it has none yet
	inUse
	settled    // its client is done with it
	orphaned   // it broke with something under way; its end has to be seen
	revoked    // a drain called the statement back before it had a connection
	killed     // a drain killed its session
	rolledBack // a drain rolled its transaction back and gave the connection on
)

// take moves the fate on from inUse, for the one caller that gets true.
func (t *ticket) take(fate int32) bool { return t.fate.CompareAndSwap(inUse, fate) }

// on reports whether the ticket is in flight on the span, which owner owns.
func (t *ticket) on(span shard.Span, owner string) bool {
	switch {
	case t.loose:
		return false
	case t.wide:
		return t.shard == owner
	case span.IsPin():
		return t.member == span.Pin
	}
	return span.Range.Contains(t.kid)
}
