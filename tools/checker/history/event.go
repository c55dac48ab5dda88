package history

import (
	"encoding/json"
	"fmt"
)

// Kind is what an operation does to its object.
type Kind string

// The operations. Only Read and Look change nothing.
const (
	Read   Kind = "read"   // one statement: the register, the log's length, the list
	Look   Kind = "look"   // one read-only transaction: what Read gives, and the log
	Write  Kind = "write"  // one statement: sets the register
	Append Kind = "append" // one statement: adds to the list
	// Change is one transaction: it reads the register and the log's length for
	// update, sets the register, and adds to the log.
	Change Kind = "change"
)

// Reads reports whether operations of the kind change nothing.
func (k Kind) Reads() bool { return k == Read || k == Look }

func (k Kind) known() bool {
	switch k {
	case Read, Look, Write, Append, Change:
		return true
	}
	return false
}

// Outcome is what became of an operation, as far as its client was told.
type Outcome string

const (
	OK      Outcome = "ok"
	Failed  Outcome = "failed"  // it provably did not take effect
	Unknown Outcome = "unknown" // it may have, or may yet
)

// Object names one object: a member and the row's id, which is the round.
type Object struct {
	Member int64 `json:"member"`
	Round  int64 `json:"round"`
}

func (o Object) String() string { return fmt.Sprintf("member %d, round %d", o.Member, o.Round) }

// State is what an object holds, or a part of it that was read.
type State struct {
	Register int64   `json:"reg"`
	Length   int64   `json:"n"` // of the log, by the counter in the object's row
	List     []int64 `json:"list,omitempty"`
	Log      []int64 `json:"log,omitempty"`
}

// Call is an operation as it was asked for.
type Call struct {
	Client int `json:"client"`
	Object
	Kind  Kind  `json:"kind"`
	Value int64 `json:"value,omitempty"` // unique in the round; 0 for reads
}

// Return is how an operation ended.
type Return struct {
	Outcome Outcome `json:"outcome"`
	// State is what was read: all of it by a Look, no log by a Read, and the
	// register and the length before the change by a Change.
	State   *State `json:"state,omitempty"`
	Missing bool   `json:"missing,omitempty"` // the object's row was not there
	Error   string `json:"error,omitempty"`   // for people
}

// Op is a call with its return. An operation that never returned is Unknown,
// and its End is Never.
type Op struct {
	Process string // the file's name
	Call
	Return
	Start, End int64 // ns of Now
}

// Never is the end of what has not ended.
const Never = int64(1) << 62

// event is a line of a file.
type event struct {
	Op     int64   `json:"op"`
	At     int64   `json:"at"`
	Call   *Call   `json:"call,omitempty"`
	Return *Return `json:"return,omitempty"`
}

func decode(line []byte) (event, error) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		return e, err
	}
	switch {
	case (e.Call == nil) == (e.Return == nil):
		return e, fmt.Errorf("operation %d: an event is a call or a return", e.Op)
	case e.Call != nil && !e.Call.Kind.known():
		return e, fmt.Errorf("operation %d: there is no kind %q", e.Op, e.Call.Kind)
	case e.Call != nil && e.Call.Kind.Reads() != (e.Call.Value == 0):
		return e, fmt.Errorf("operation %d: a %s with the value %d", e.Op, e.Call.Kind, e.Call.Value)
	case e.Return != nil && e.Return.Outcome != OK && e.Return.Outcome != Failed && e.Return.Outcome != Unknown:
		return e, fmt.Errorf("operation %d: there is no outcome %q", e.Op, e.Return.Outcome)
	case e.At < 0 || e.At >= Never:
		return e, fmt.Errorf("operation %d: the time %d", e.Op, e.At)
	}
	return e, nil
}
