package scope

import (
	"fmt"
	"strings"
)

// Reason says why a statement that was understood is refused.
type Reason string

const (
	MultiStatement  Reason = "multi-statement"    // two statements in one text
	XA              Reason = "xa"                 // a prepared transaction would outlive its session, and a move
	SessionState    Reason = "session state"      // it changes the session, which the next caller would inherit
	StoredRoutine   Reason = "stored routine"     // a procedure or function may read and write anything
	OtherDatabase   Reason = "other database"     // a table named with its database
	Mixed           Reason = "mixed table kinds"  // the tables need not be on one server
	MemberChange    Reason = "member change"      // it would give a row to another member
	NotScopable     Reason = "not scopable"       // no member, no table kind can be told for this kind of statement
	OtherMembersRow Reason = "other member's row" // an upsert that may hit a row of another member
	Construct       Reason = "construct"          // a part of SQL whose effect the guard does not follow
)

// UnreadableError is a text the guard can't be sure to read as the server does.
type UnreadableError struct {
	Pos       int // byte offset
	Why       string
	Statement string // beginning of the text; values in it may be private
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("the statement can't be checked, at byte %d: %s", e.Pos, e.Why)
}

// RefusedError is a statement that is understood and never passes the guard.
type RefusedError struct {
	Reason    Reason
	Why       string
	Statement string // beginning of the text; values in it may be private
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the statement is refused (%s): %s", e.Reason, e.Why)
}

// UnknownTableError is a table that the map's catalogue does not list.
type UnknownTableError struct {
	Table     string
	Near      string // a listed name that differs in case only, or empty
	Statement string
}

func (e *UnknownTableError) Error() string {
	if e.Near != "" {
		return fmt.Sprintf("table %s is not in the table catalogue; it has %s, and table names differ by case", e.Table, e.Near)
	}
	return fmt.Sprintf("table %s is not in the table catalogue; add it with: berth table set %s --kind sharded|reference|global", e.Table, e.Table)
}

// NotTiedError is a sharded table whose rows are not limited to one member.
type NotTiedError struct {
	Table     string
	Column    string // its member column
	Predicate string // what is missing, such as "c.member_id = ?"
	Where     string // the clause it belongs in
	Note      string // why a predicate that is there does not count, or empty
	Statement string
}

func (e *NotTiedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "table %s is not tied to one member: add %q to its %s", e.Table, e.Predicate, e.Where)
	if e.Note != "" {
		fmt.Fprintf(&b, " (%s)", e.Note)
	}
	b.WriteString(", or use Unscoped if it really means all members")
	return b.String()
}

// TwoMembersError is a statement that names two different members.
type TwoMembersError struct {
	First, Second string
	Statement     string
}

func (e *TwoMembersError) Error() string {
	return fmt.Sprintf("the statement names two members, %s and %s; a statement may name one", e.First, e.Second)
}

// ValueError is a value that can't be a member id where the statement has one.
type ValueError struct {
	Param int    // 1 for the first ?, 0 for a literal in the text
	Value string // its type, or the literal
	Why   string
}

func (e *ValueError) Error() string {
	if e.Param > 0 {
		return fmt.Sprintf("parameter %d (%s) is no member id: %s", e.Param, e.Value, e.Why)
	}
	return fmt.Sprintf("%s is no member id: %s", e.Value, e.Why)
}

// ArgumentsError is a call whose arguments do not match the parameters: named,
// too many, too few, or (Have equals Want) not in order.
type ArgumentsError struct {
	Have, Want int
	Named      string // the name of an argument, which MySQL does not have
}

func (e *ArgumentsError) Error() string {
	if e.Named != "" {
		return fmt.Sprintf("argument %q is named; MySQL takes arguments by position only", e.Named)
	}
	if e.Have == e.Want {
		return "the arguments are not in the order of their ordinals; pass them by position"
	}
	return fmt.Sprintf("the statement has %d parameters and was given %d arguments", e.Want, e.Have)
}

const excerptBytes = 200

// excerpt is the beginning of a statement, for an error to carry.
func excerpt(sql string) string {
	if len(sql) <= excerptBytes {
		return sql
	}
	return strings.ToValidUTF8(sql[:excerptBytes], "") + "…"
}
