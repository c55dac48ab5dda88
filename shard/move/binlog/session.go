package binlog

import "fmt"

// Mode is what a server makes of rows that it does not find as the binlog has
// them. It is a session's rbr_exec_mode.
type Mode string

const (
	// Idempotent overwrites a row that is there already, and those that have
	// the same value in another unique key; a row to delete may be missing.
	Idempotent Mode = "IDEMPOTENT"
	// Strict fails: error 1062 for a duplicate key, 1032 for a missing row.
	Strict Mode = "STRICT"
)

// NewSession is the statements that make a session of the target ready for a
// Batch's, in order, outside of a transaction. format is the source's
// Stream.Format. They stay in force until the session ends.
func NewSession(format []byte, mode Mode) ([]string, error) {
	if _, err := parseFormat(format); err != nil {
		return nil, fmt.Errorf("prepare a session for row changes: %w", err)
	}
	if mode != Idempotent && mode != Strict {
		return nil, fmt.Errorf("prepare a session for row changes: mode %q is neither %s nor %s", mode, Idempotent, Strict)
	}
	return []string{
		"SET SESSION rbr_exec_mode = " + string(mode),
		statement(format),
		// The description of the format leaves the session waiting for a GTID
		// from the binlog; its transactions are the target's own.
		"SET SESSION gtid_next = 'AUTOMATIC'",
	}, nil
}

// SourcePrivileges are those that the account needs on a server to read its
// binlog.
func SourcePrivileges() []string { return []string{"REPLICATION SLAVE"} }

// TargetPrivileges are those that the account needs on a server to apply
// batches there, the last two on the tables. One that lacks those on a table
// sees an error that does not say so: 1105, "Unknown error".
func TargetPrivileges() []string { return []string{"REPLICATION_APPLIER", "INSERT", "DELETE"} }
