package shard

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoRecord: the store was asked and has no record of that kind and name.
var ErrNoRecord = errors.New("the store has no such record")

// MaxRecord is the most bytes that a record's value may have. It leaves room
// for what Consul puts around a value in a request that is both compared and
// answered in one.
const MaxRecord = 256 << 10

// Record is a value that a store keeps beside the map, such as a job. It has
// one writer at a time, by compare-and-swap.
type Record struct {
	Kind, Name string // each passes CheckName
	Value      []byte
	// Version is the store's. Each writing gives another one, also of the same
	// value and after the record was deleted and made again; nothing else can
	// be told from it. 0: not stored yet.
	Version uint64
}

// Check refuses a record that some store could not keep: a kind or name that
// CheckName refuses, or a value larger than MaxRecord (ErrTooLarge).
func (r Record) Check() error {
	if err := CheckName("record's kind", r.Kind); err != nil {
		return err
	}
	if err := CheckName("record's name", r.Name); err != nil {
		return err
	}
	if len(r.Value) > MaxRecord {
		return fmt.Errorf("record %s: %w: it has %d bytes, and a record holds %d", r, ErrTooLarge, len(r.Value), MaxRecord)
	}
	return nil
}

// String is KIND/NAME.
func (r Record) String() string { return r.Kind + "/" + r.Name }

// SchemaLock is the lock under which a schema is rolled out. Moves are made
// under it too, so that none begins while tables change.
const SchemaLock = "schema"

// JobLock is the name of the lock under which a job's worker works, from the
// id of one of the job's attempts, ID/N, or from the job's own id. Whoever
// gets it past an attempt's deadline knows that no living worker will end the
// attempt, and aborts it.
func JobLock(attempt string) string {
	id, _, _ := strings.Cut(attempt, "/")
	return "job-" + id
}
