package scope

import (
	"sync/atomic"

	"vitess.io/vitess/go/vt/sqlparser"
)

// Statement is one SQL text, read and classified. It never changes and is
// safe for concurrent use.
type Statement struct {
	sql    string
	kind   Kind
	params int

	locking     bool
	readsState  bool
	setsState   bool
	readOnlyTx  bool
	refusal     *RefusedError // why it has no scope whatever the catalogue
	tree        sqlparser.Statement
	memo        atomic.Pointer[memo]
	cachedBytes int64
}

// memo is the scope under the catalogue that was asked last.
type memo struct {
	catalogue *Catalogue
	scope     *Scope
	err       error
}

// SQL is the text as it was given.
func (s *Statement) SQL() string { return s.sql }

// Kind is what the statement does. EXPLAIN of a write is a Read, unless it
// runs the write (EXPLAIN ANALYZE).
func (s *Statement) Kind() Kind { return s.kind }

// Params is how many ? the statement has.
func (s *Statement) Params() int { return s.params }

// ReadOnly reports whether a replica can answer: a read that locks nothing and
// leaves nothing in the session. For Begin it reports START TRANSACTION READ
// ONLY.
func (s *Statement) ReadOnly() bool {
	if s.kind == Begin {
		return s.readOnlyTx
	}
	return s.kind == Read && !s.locking && !s.setsState && !s.readsState
}

// Locking reports whether it is a SELECT … FOR UPDATE, FOR SHARE or LOCK IN
// SHARE MODE.
func (s *Statement) Locking() bool { return s.locking }

// ReadsSession reports whether the result depends on what earlier statements
// left in the session (@variables, LAST_INSERT_ID, FOUND_ROWS): outside of a
// transaction the session may be anybody's.
func (s *Statement) ReadsSession() bool { return s.readsState }

// SetsSession reports whether it leaves something in the session for later
// statements: SET, LOCK TABLES, a temporary table, SQL_CALC_FOUND_ROWS.
func (s *Statement) SetsSession() bool { return s.setsState }

// Scope says under a catalogue which tables the statement uses and what ties
// them to a member, or why it is refused: *RefusedError, *UnknownTableError,
// *NotTiedError, *TwoMembersError or *ValueError. The answer is kept for the
// catalogue asked last, so that asking again costs one load.
func (s *Statement) Scope(c *Catalogue) (*Scope, error) {
	if m := s.memo.Load(); m != nil && m.catalogue == c {
		return m.scope, m.err
	}
	m := &memo{catalogue: c}
	m.scope, m.err = s.resolve(c)
	s.memo.Store(m)
	return m.scope, m.err
}

func (s *Statement) resolve(c *Catalogue) (*Scope, error) {
	if s.kind != Read && s.kind != Write {
		reason, why := s.kind.refusal()
		return nil, &RefusedError{Reason: reason, Why: why, Statement: excerpt(s.sql)}
	}
	if s.refusal != nil {
		return nil, s.refusal
	}
	a := &analysis{catalogue: c, stmt: s}
	if err := a.statement(s.tree); err != nil {
		return nil, err
	}
	return a.scope()
}
