package scope

import (
	"vitess.io/vitess/go/vt/sqlparser"
)

// agree checks that the parser's tokenizer cuts the text at the same places as
// the guard's own scanner.
func agree(p *sqlparser.Parser, l *lexer) error {
	tk := p.NewStringTokenizer(l.sql[:l.body])
	scan := func() int {
		typ, _ := tk.Scan()
		for typ == sqlparser.COMMENT {
			typ, _ = tk.Scan()
		}
		return typ
	}
	for _, t := range l.tokens {
		if typ := scan(); typ == 0 || typ == sqlparser.LEX_ERROR || tk.Pos != t.end {
			l.pos = t.start
			return l.refuse("the server and the parser may read it differently from here on")
		}
	}
	if typ := scan(); typ != 0 {
		l.pos = len(l.sql)
		return l.refuse("the server and the parser may read its end differently")
	}
	return nil
}

// words refuses names and calls that the parser takes for one thing and the
// server for another, and returns the names that are called in backticks.
func (l *lexer) words() (quotedCalls map[string]bool, err error) {
	for i, t := range l.tokens {
		var next token
		if i+1 < len(l.tokens) {
			next = l.tokens[i+1]
		}
		afterDot := i > 0 && l.tokens[i-1].text == "."
		switch {
		case t.kind == tokenQuoted && next.text == "(":
			if quotedCalls == nil {
				quotedCalls = map[string]bool{}
			}
			quotedCalls[lower(t.text[1:len(t.text)-1])] = true
		case t.kind != tokenWord || afterDot:
		case serverKeywords[t.text]:
			l.pos = t.start
			return nil, l.refuse("the word " + t.text + ", which the server has a meaning of its own for; put a name in backticks")
		case spaceSensitive[t.text] && next.text == "(" && next.start != t.end:
			l.pos = t.start
			return nil, l.refuse("a space between " + t.text + " and its parenthesis, which makes it a stored function to the server; take it out")
		}
	}
	return quotedCalls, nil
}

// serverKeywords are reserved words of MySQL 8.0 to 9.7 that the parser would
// accept as a plain name. (Words it also accepts where the server does, such
// as type names and interval units, are not here.)
var serverKeywords = set("EXCEPT INTERSECT QUALIFY TABLESAMPLE PROCEDURE LIBRARY EXTERNAL MANUAL PARALLEL SYSTEM " +
	"ACCESSIBLE ASENSITIVE BEFORE CASCADE CUBE CURSOR DELAYED DETERMINISTIC EACH FETCH FUNCTION GET GRANT " +
	"INFILE INSENSITIVE IO_AFTER_GTIDS IO_BEFORE_GTIDS ITERATE LEAVE LOAD LOOP MODIFIES OPTIMIZE OPTION PURGE READS " +
	"READ_WRITE REFERENCES REQUIRE RESIGNAL RESTRICT RETURN REVOKE SENSITIVE SPECIFIC SQL SSL TRIGGER USAGE WHILE")

// spaceSensitive are the functions that MySQL takes for its own only when the
// parenthesis follows at once (sql_mode without IGNORE_SPACE).
var spaceSensitive = set("ADDDATE BIT_AND BIT_OR BIT_XOR CAST COUNT CURDATE CURTIME DATE_ADD DATE_SUB EXTRACT GROUP_CONCAT " +
	"JSON_ARRAYAGG JSON_OBJECTAGG MAX MID MIN NOW POSITION SESSION_USER STD STDDEV STDDEV_POP STDDEV_SAMP SUBDATE " +
	"SUBSTR SUBSTRING SUM SYSDATE SYSTEM_USER TRIM VARIANCE VAR_POP VAR_SAMP ST_COLLECT")
