package scope

import "strings"

// blank skips white space and comments. It refuses the comments that are
// statements in disguise, and any byte that one of the two readers takes for
// white space and the other doesn't.
func (l *lexer) blank() error {
	for l.pos < len(l.sql) {
		switch c := l.sql[l.pos]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			l.pos++
		case c == '#', c == '-' && l.peek(1) == '-' && isDashComment(l.peek(2), l.pos+2 >= len(l.sql)):
			if i := strings.IndexByte(l.sql[l.pos:], '\n'); i >= 0 {
				l.pos += i + 1
			} else {
				l.pos = len(l.sql)
			}
		case c == '-' && l.peek(1) == '-':
			return l.refuse("-- without a space after it: write a comment as \"-- \", a double minus as \"- -\"")
		case c == '/' && l.peek(1) == '/':
			return l.refuse("// is no comment to the server; use \"-- \"")
		case c == '/' && l.peek(1) == '*':
			if err := l.comment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func isDashComment(c byte, atEnd bool) bool {
	return atEnd || c == ' ' || c == '\t' || c == '\n' || c == '\r'
}

func (l *lexer) comment() error {
	i := strings.Index(l.sql[l.pos+2:], "*/")
	if i < 0 {
		return l.refuse("a comment that is never closed")
	}
	body := l.sql[l.pos+2 : l.pos+2+i]
	switch {
	case strings.HasPrefix(body, "!"), strings.HasPrefix(body, "M!"):
		return l.refuse("an executable comment (/*! … */), which is SQL to some servers and nothing to others; take it out")
	case strings.HasPrefix(body, "+"):
		if err := l.hint(body[1:]); err != nil {
			return err
		}
	case strings.Contains(body, "/*"):
		return l.refuse("a comment within a comment; take it out")
	}
	l.pos += i + 4
	return nil
}

// hint allows optimizer hints of plain names and numbers. A quote could hide
// the end of the comment from one of the readers, and SET_VAR changes settings
// that the guard relies on.
func (l *lexer) hint(body string) error {
	for i := 0; i < len(body); i++ {
		if c := body[i]; !isWord(c) && strings.IndexByte(" \t\r\n@(),.%", c) < 0 {
			return l.refuse("an optimizer hint with more than plain names and numbers in it; simplify it")
		}
	}
	if strings.Contains(strings.ToUpper(body), "SET_VAR") {
		return l.refuse("the optimizer hint SET_VAR, which changes settings; take it out")
	}
	return nil
}
