package scope

import (
	"strconv"
	"strings"

	"github.com/berthdb/berth/shard"
	"vitess.io/vitess/go/vt/sqlparser"
)

// source is one way in which a statement names its member.
type source struct {
	param  int          // place of the ? from 1; 0 for a literal
	member shard.Member // the literal's
	text   bool         // the literal is in quotes
	// weak: compared within a row, where the server may compare an integer
	// column and a text as floating-point numbers. Measured on 9.7: a BIGINT
	// column k finds 9007199254740992 by (k, id) IN (('9007199254740993', 1)).
	weak bool
}

// sourceOf reads a literal or a parameter. It returns ok false without an
// error for any other expression, and with one for a literal that is no id.
func (a *analysis) sourceOf(e sqlparser.Expr) (s source, ok bool, err error) {
	switch e := e.(type) {
	case *sqlparser.Argument:
		n, err := strconv.Atoi(strings.TrimPrefix(e.Name, "v"))
		return source{param: n}, err == nil, nil
	case *sqlparser.UnaryExpr:
		lit, isLit := e.Expr.(*sqlparser.Literal)
		if e.Operator != sqlparser.UMinusOp || !isLit || lit.Type != sqlparser.IntVal {
			return source{}, false, nil
		}
		return a.literal("-"+lit.Val, false)
	case *sqlparser.Literal:
		switch e.Type {
		case sqlparser.IntVal:
			return a.literal(e.Val, false)
		case sqlparser.StrVal:
			return a.literal(e.Val, true)
		}
		return source{}, false, &ValueError{Value: e.Val, Why: "the server compares and converts such a number in its own way; write " + a.idForm()}
	case *sqlparser.NullVal:
		return source{}, false, &ValueError{Value: "NULL", Why: "it equals nothing"}
	case sqlparser.BoolVal, *sqlparser.IntroducerExpr, *sqlparser.CollateExpr:
		return source{}, false, &ValueError{Value: sqlparser.String(e), Why: "write " + a.idForm()}
	}
	return source{}, false, nil
}

func (a *analysis) idForm() string {
	if a.catalogue.members == shard.String {
		return "a text in plain quotes"
	}
	return "a plain integer"
}

func (a *analysis) literal(text string, quoted bool) (source, bool, error) {
	if a.catalogue.members == shard.String && !quoted {
		return source{}, false, &ValueError{Value: text, Why: "members of this map are texts, and the server would compare them with a number as numbers; put it in quotes"}
	}
	m, err := a.catalogue.members.Parse(text)
	if err != nil {
		return source{}, false, &ValueError{Value: strconv.Quote(text), Why: err.Error()}
	}
	return source{member: m, text: quoted}, true, nil
}

// inexact reports whether a member given as a text could be mistaken for its
// neighbours by a comparison of floating-point numbers.
func inexact(m shard.Member) bool {
	if !m.IsInteger() {
		return false
	}
	digits := strings.TrimPrefix(m.String(), "-")
	const exact = "9007199254740992" // 2^53
	return len(digits) > len(exact) || len(digits) == len(exact) && digits >= exact
}
