package scope

import "strings"

// number scans an unquoted number. MySQL's lexer takes a malformed one, such
// as 1e or 1.e, partly for a name, or loses it; those are refused.
func (l *lexer) number() error {
	if t, ok := l.touching(); ok && l.peek(0) == '.' && (t.kind == tokenWord || t.kind == tokenQuoted || t.kind == tokenVariable) {
		return l.refuse("a name that begins with a digit; put it in backticks")
	}
	if l.peek(0) == '0' && (l.peek(1) == 'x' || l.peek(1) == 'b') {
		return l.finishNumber(l.span(l.pos+2, digitsOf(l.peek(1))), l.pos+2)
	}
	end := l.span(l.pos, decimalDigits)
	if end < len(l.sql) && l.sql[end] == '.' {
		end = l.span(end+1, decimalDigits)
	}
	if end < len(l.sql) && (l.sql[end] == 'e' || l.sql[end] == 'E') {
		digits := end + 1
		if digits < len(l.sql) && (l.sql[digits] == '+' || l.sql[digits] == '-') {
			digits++
		}
		return l.finishNumber(l.span(digits, decimalDigits), digits)
	}
	return l.finishNumber(end, l.pos)
}

// finishNumber emits the number up to end, which must have digits from first
// on and touch no name and no further dot.
func (l *lexer) finishNumber(end, first int) error {
	if end == first || end < len(l.sql) && (isWord(l.sql[end]) || l.sql[end] == '.' || l.sql[end] == '`' || l.sql[end] >= 0x80) {
		return l.refuse("a malformed number, or a name that begins with a digit; put a name in backticks")
	}
	l.emit(tokenNumber, end)
	return nil
}

const (
	decimalDigits = "0123456789"
	hexDigits     = "0123456789abcdefABCDEF"
	binaryDigits  = "01"
)

func digitsOf(base byte) string {
	if base == 'x' || base == 'X' {
		return hexDigits
	}
	return binaryDigits
}

// span is where the run of digits that starts at from ends.
func (l *lexer) span(from int, digits string) int {
	for from < len(l.sql) && strings.IndexByte(digits, l.sql[from]) >= 0 {
		from++
	}
	return from
}

// digitsInQuotes scans x'2A' and b'101'.
func (l *lexer) digitsInQuotes() error {
	end := l.span(l.pos+2, digitsOf(l.peek(0)))
	if end >= len(l.sql) || l.sql[end] != '\'' {
		return l.refuse("a malformed x'…' or b'…'")
	}
	l.emit(tokenNumber, end+1)
	return nil
}

var symbols = []string{"->>", "<=>", "->", "<=", ">=", "<>", "!=", "<<", ">>", "&&", "||", ":="}

func (l *lexer) symbol() error {
	rest := l.sql[l.pos:]
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			l.emit(tokenSymbol, l.pos+len(s))
			return nil
		}
	}
	switch c := rest[0]; {
	case strings.IndexByte("=<>!+-*/%^&|~(),.", c) < 0:
		return l.refuse("a character that has no place outside a text or a name in backticks")
	case c == '(':
		if l.depth++; l.depth > maxDepth {
			return l.refuse("parentheses nested more than 200 deep; simplify the statement")
		}
	case c == ')':
		l.depth--
	}
	l.emit(tokenSymbol, l.pos+1)
	return nil
}
