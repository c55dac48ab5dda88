package scope

import (
	"strings"
	"unicode/utf8"
)

// The guard reads a text twice: with its own scanner here, which follows
// MySQL's lexer under the default sql_mode and refuses whatever MySQL reads in
// a way of its own, and with the parser's tokenizer. Both must find the same
// tokens at the same places (see agree.go), so that a statement can't be one
// thing to the guard and another to the server.

type tokenKind uint8

const (
	tokenWord     tokenKind = iota // unquoted identifier or keyword
	tokenQuoted                    // `identifier`
	tokenString                    // 'text', "text", N'text'
	tokenNumber                    // 42, 4.2, 4e2, 0x2A, x'2A', 0b1, b'1'
	tokenVariable                  // @name, @@name
	tokenParam                     // ?
	tokenSymbol                    // operators and punctuation
)

type token struct {
	kind       tokenKind
	start, end int
	text       string // as written; a word's in upper case
}

// maxTokens bounds the work on one statement, and so the depth of its tree.
const maxTokens = 500_000

// maxDepth bounds how deep parentheses nest.
const maxDepth = 200

type lexer struct {
	sql    string
	pos    int
	tokens []token
	depth  int
	ended  bool // a semicolon was seen
	body   int  // where it stands, or the end
	params int
}

// lex splits the one statement in sql into tokens, without its comments and
// its closing semicolon.
func lex(sql string) (*lexer, error) {
	l := &lexer{sql: sql, body: len(sql)}
	if !utf8.ValidString(sql) {
		return nil, l.refuse("the text is not valid UTF-8; pass binary values as parameters")
	}
	if i := strings.IndexByte(sql, 0); i >= 0 {
		l.pos = i
		return nil, l.refuse("a NUL byte; write it as \\0 or pass the value as a parameter")
	}
	for {
		if err := l.blank(); err != nil {
			return nil, err
		}
		if l.pos >= len(sql) {
			break
		}
		if l.ended {
			return nil, &RefusedError{Reason: MultiStatement, Why: "there is a second statement after the semicolon; send one at a time", Statement: excerpt(sql)}
		}
		if sql[l.pos] == ';' {
			l.ended, l.body = true, l.pos
			l.pos++
			continue
		}
		if err := l.next(); err != nil {
			return nil, err
		}
		if len(l.tokens) > maxTokens {
			return nil, l.refuse("more than 500000 words; split the statement")
		}
	}
	return l, nil
}

func (l *lexer) refuse(why string) error {
	return &UnreadableError{Pos: l.pos, Why: why, Statement: excerpt(l.sql)}
}

// peek is the byte i places on, 0 past the end.
func (l *lexer) peek(i int) byte {
	if l.pos+i < len(l.sql) {
		return l.sql[l.pos+i]
	}
	return 0
}

func (l *lexer) emit(kind tokenKind, end int) {
	text := l.sql[l.pos:end]
	if kind == tokenWord {
		text = strings.ToUpper(text)
	}
	l.tokens = append(l.tokens, token{kind: kind, start: l.pos, end: end, text: text})
	l.pos = end
}

// touching is the token before the present place, if nothing stands between.
func (l *lexer) touching() (token, bool) {
	if n := len(l.tokens); n > 0 && l.tokens[n-1].end == l.pos {
		return l.tokens[n-1], true
	}
	return token{}, false
}

func (l *lexer) next() error {
	c := l.sql[l.pos]
	switch {
	case (c == 'x' || c == 'X' || c == 'b' || c == 'B') && l.peek(1) == '\'':
		return l.digitsInQuotes()
	case (c == 'n' || c == 'N') && (l.peek(1) == '\'' || l.peek(1) == '"'):
		return l.text(1)
	case c == '$':
		return l.refuse("a name that begins with $, which newer servers read as a quoted text; put it in backticks")
	case isWord(c) && !isDigit(c):
		return l.word()
	case isDigit(c) || c == '.' && isDigit(l.peek(1)):
		return l.number()
	case c == '\'' || c == '"':
		return l.text(0)
	case c == '`':
		return l.quoted()
	case c == '@':
		return l.variable()
	case c == '?':
		l.params++
		l.emit(tokenParam, l.pos+1)
		return nil
	}
	return l.symbol()
}

func (l *lexer) word() error {
	end := l.pos
	for end < len(l.sql) && isWord(l.sql[end]) {
		end++
	}
	if end < len(l.sql) && l.sql[end] >= utf8.RuneSelf {
		return l.refuse("a name with a letter beyond ASCII outside backticks; put it in backticks")
	}
	l.emit(tokenWord, end)
	return nil
}

func (l *lexer) quoted() error {
	end := l.pos + 1
	for {
		i := strings.IndexByte(l.sql[end:], '`')
		if i < 0 {
			return l.refuse("a backtick that is never closed")
		}
		end += i + 1
		if end >= len(l.sql) || l.sql[end] != '`' {
			break
		}
		end++
	}
	switch name := l.sql[l.pos+1 : end-1]; {
	case name == "":
		return l.refuse("an empty name in backticks")
	case strings.EqualFold(name, "dual"):
		return l.refuse("`dual` in backticks is a table of that name to the server; rename it")
	}
	l.emit(tokenQuoted, end)
	return nil
}

// text scans a string literal, whose opening quote is skip bytes on.
func (l *lexer) text(skip int) error {
	if n := len(l.tokens); n > 0 && l.tokens[n-1].kind == tokenString {
		return l.refuse("two texts side by side, which the server joins into one; write them as one")
	}
	if t, ok := lastToken(l.tokens); ok && t.kind == tokenWord && t.text[0] == '_' && !introducers[t.text] {
		return l.refuse("the character set " + t.text + " before a text; use utf8mb4")
	}
	quote := l.peek(skip)
	for end := l.pos + skip + 1; end < len(l.sql); end++ {
		switch l.sql[end] {
		case '\\':
			end++
		case quote:
			if end+1 < len(l.sql) && l.sql[end+1] == quote {
				end++
				continue
			}
			l.emit(tokenString, end+1)
			return nil
		}
	}
	return l.refuse("a text that is never closed")
}

var introducers = map[string]bool{"_UTF8MB4": true, "_UTF8MB3": true, "_UTF8": true, "_ASCII": true, "_BINARY": true, "_LATIN1": true}

// variable scans @name, @`name`, @@name and @@session.name.
func (l *lexer) variable() error {
	end := l.pos + 1
	if l.peek(1) == '@' {
		end++
	}
	start := end
	if end < len(l.sql) && l.sql[end] == '`' {
		if end = strings.IndexByte(l.sql[start+1:], '`') + start + 2; end == start+1 {
			return l.refuse("a backtick that is never closed")
		}
		start++
	} else {
		for end < len(l.sql) && (isWord(l.sql[end]) || l.sql[end] == '.') {
			end++
		}
	}
	if end == start || end < len(l.sql) && strings.IndexByte("'\"`@", l.sql[end]) >= 0 {
		return l.refuse("a variable or account name in an unusual form; write @name or @@name")
	}
	l.emit(tokenVariable, end)
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$'
}

func lastToken(ts []token) (token, bool) {
	if len(ts) == 0 {
		return token{}, false
	}
	return ts[len(ts)-1], true
}
