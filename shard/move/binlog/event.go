package binlog

import "time"

// Event is one of Begin, Rows, Statement, Unsupported and Commit. A transaction
// is a Begin, any number of the others, and a Commit.
type Event interface{ event() }

// Begin starts a transaction.
type Begin struct {
	GTID        GTID
	CommittedAt time.Time // on the server that the stream reads from, by its clock
}

// Rows is some rows of one table that one statement changed; there may be more
// in the next event. The images stay as they are for as long as they are kept.
type Rows struct {
	Table *Table
	Kind  Kind
	// Before and After are full images, one for each row: After alone for
	// Insert, Before alone for Delete, both and as many for Update.
	Before, After [][]byte
}

// Kind is what happened to a row.
type Kind uint8

const (
	Insert Kind = iota + 1
	Update
	Delete
)

func (k Kind) String() string {
	switch k {
	case Insert:
		return "insert"
	case Update:
		return "update"
	case Delete:
		return "delete"
	}
	return "unknown"
}

// Statement is a statement that the binlog has as text: DDL, and DML under
// binlog_format=STATEMENT or MIXED.
type Statement struct {
	Database string // the session's; the statement may name others
	Text     string
}

// Unsupported is a change that can't be given as full row images. Whether it
// matters is for the caller to know: where the table does, it has to stop.
type Unsupported struct {
	Database, Table string // both empty: it may concern any table
	Reason          string
	Next            string // what to do about it
}

// Commit ends a transaction. From when it was given out, the transaction counts
// as received.
type Commit struct{ GTID GTID }

func (Begin) event()       {}
func (Rows) event()        {}
func (Statement) event()   {}
func (Unsupported) event() {}
func (Commit) event()      {}
