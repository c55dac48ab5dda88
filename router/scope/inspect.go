package scope

import (
	"strconv"
	"strings"

	"vitess.io/vitess/go/vt/sqlparser"
)

// inspection is what one walk over the parser's tree finds out, before any
// table is known.
type inspection struct {
	sql    string
	quoted map[string]bool // names that are called in backticks
	counts clauses
	params map[int]bool // places of ? that the tree has

	locking   bool
	reads     bool // session state
	sets      bool
	refusal   *RefusedError
	badParams bool
}

// clauses counts what a parser could lose: when it reads "WITH a AS (…) (WITH
// b AS (…) SELECT …)", for one, it keeps the outer WITH only. The words in the
// text must be as many as the nodes in the tree.
type clauses struct{ selects, withs, wheres, havings, joins, unions int }

func countWords(tokens []token) (c clauses) {
	for i, t := range tokens {
		if t.kind != tokenWord || i > 0 && tokens[i-1].text == "." {
			continue
		}
		switch t.text {
		case "SELECT":
			c.selects++
		case "WITH":
			c.withs++
		case "WHERE":
			c.wheres++
		case "HAVING":
			c.havings++
		case "JOIN", "STRAIGHT_JOIN":
			c.joins++
		case "UNION":
			c.unions++
		}
	}
	return c
}

func inspect(sql string, stmt sqlparser.Statement, quoted map[string]bool) *inspection {
	in := &inspection{sql: sql, quoted: quoted, params: map[int]bool{}}
	// The visitor never fails, so neither does the walk.
	_ = sqlparser.Walk(func(n sqlparser.SQLNode) (bool, error) {
		in.visit(n)
		return true, nil
	}, stmt)
	return in
}

func (in *inspection) refuse(r Reason, why string) {
	if in.refusal == nil {
		in.refusal = &RefusedError{Reason: r, Why: why, Statement: excerpt(in.sql)}
	}
}

func (in *inspection) visit(n sqlparser.SQLNode) {
	if !known(n) {
		in.refuse(refusedNode(n))
		return
	}
	switch n := n.(type) {
	case *sqlparser.Select:
		in.counts.selects++
		in.locking = in.locking || n.Lock != sqlparser.NoLock
		in.sets = in.sets || n.SQLCalcFoundRows
		if n.StraightJoinHint {
			in.counts.joins++
		}
	case *sqlparser.Union:
		in.counts.unions++
		in.locking = in.locking || n.Lock != sqlparser.NoLock
	case *sqlparser.With:
		in.counts.withs++
	case *sqlparser.GroupBy:
		if n != nil && n.WithRollup {
			in.counts.withs++
		}
	case *sqlparser.Where:
		if n != nil && n.Type == sqlparser.WhereClause {
			in.counts.wheres++
		} else if n != nil {
			in.counts.havings++
		}
	case *sqlparser.JoinTableExpr:
		in.counts.joins++
	case *sqlparser.IndexHint:
		if n.ForType == sqlparser.JoinForType {
			in.counts.joins++
		}
	case *sqlparser.Argument:
		in.argument(n)
	case *sqlparser.Variable:
		in.reads = in.reads || n.Scope == sqlparser.VariableScope
	case *sqlparser.MatchExpr:
		if n.Option == sqlparser.QueryExpansionOpt || n.Option == sqlparser.NaturalLanguageModeWithQueryExpansionOpt {
			in.refuse(Construct, "WITH QUERY EXPANSION searches with words from other members' rows; use BOOLEAN MODE")
		}
	case *sqlparser.FuncExpr:
		in.function(n)
	}
}

func (in *inspection) argument(n *sqlparser.Argument) {
	i, err := strconv.Atoi(strings.TrimPrefix(n.Name, "v"))
	if err != nil || i < 1 || in.params[i] {
		in.badParams = true
	}
	in.params[i] = true
}

func (in *inspection) function(n *sqlparser.FuncExpr) {
	name := n.Name.Lowered()
	switch {
	case n.Qualifier.NotEmpty():
		in.refuse(StoredRoutine, "function "+n.Qualifier.String()+"."+name+" is a stored one, which may read any member's rows")
	case unsafe[name] != "":
		in.refuse(Construct, unsafe[name])
	case in.quoted[name]:
		in.refuse(StoredRoutine, "function "+name+" in backticks may be a stored one; write it without")
	case sessionReaders[name]:
		in.reads = true
		in.sets = in.sets || len(n.Exprs) > 0
	case !builtin[name]:
		in.refuse(StoredRoutine, "function "+name+" is none of the built-in ones the guard knows, and a stored one may read any member's rows")
	}
}

// complete checks that the tree has all of the text.
func (in *inspection) complete(l *lexer) error {
	if in.counts != countWords(l.tokens) {
		return l.refuse("the parser lost a part of it (a WITH, JOIN or WHERE it reads differently); write it without redundant parentheses")
	}
	if in.badParams || len(in.params) != l.params {
		return l.refuse("the parser lost a parameter; write it without redundant parentheses")
	}
	return nil
}
