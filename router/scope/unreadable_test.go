package scope_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/berthdb/berth/router/scope"
)

// TestUnreadable has texts that MySQL and a parser can read differently, each
// with a word of the reason. Most would look tied to member 42 to one of the
// two.
func TestUnreadable(t *testing.T) {
	for _, tt := range []struct{ sql, why string }{
		// Comments.
		{"SELECT * FROM contacts WHERE member_id = 42 /*! OR 1 */", "executable"},
		{"SELECT * FROM contacts WHERE member_id = 42 /*!50000 OR 1 */", "executable"},
		{"SELECT * FROM contacts WHERE member_id = 42 /*!80400 OR 1 */", "executable"},
		{"SELECT * FROM contacts WHERE member_id = 42 /*!99999 OR 1 */", "executable"},
		{"SELECT * FROM contacts WHERE member_id = 42 /*!080400 OR 1 */", "executable"},
		{"SELECT * FROM contacts WHERE member_id = 42 /*M! OR 1 */", "executable"},
		{"SELECT * FROM contacts WHERE /*!99999 id = 1 OR */ member_id = 42", "executable"},
		{"/*!40101 SET NAMES latin1 */", "executable"},
		{"SELECT * FROM contacts WHERE member_id = 42 /* /* */ OR 1 -- */", "within a comment"},
		{"SELECT * FROM contacts WHERE member_id = 42 /*", "never closed"},
		{"SELECT * FROM contacts WHERE member_id = 42 /*/", "never closed"},
		{"SELECT * FROM contacts WHERE member_id = 42--1 OR 1", "-- without"},
		{"SELECT * FROM contacts WHERE id = 1 --\x0b AND\nmember_id = 42", "-- without"},
		{"SELECT * FROM contacts WHERE id = 1 // AND\n AND member_id = 42", "no comment to the server"},
		{"SELECT * FROM contacts # x\x00\nWHERE member_id = 42", "NUL"},
		{"SELECT /*+ SET_VAR(sql_mode='ANSI_QUOTES') */ * FROM contacts WHERE member_id = 42", "hint"},
		{"SELECT /*+ SET_VAR(foreign_key_checks 0) */ * FROM contacts WHERE member_id = 42", "SET_VAR"},
		{"SELECT /*+ QB_NAME(`*/`) */ * FROM contacts WHERE member_id = 42", "hint"},
		// Texts and names.
		{"INSERT INTO contacts (member_id, id) SELECT '42' '1', 2", "side by side"},
		{"SELECT * FROM contacts WHERE member_id = '4' \n '2'", "side by side"},
		{"SELECT * FROM contacts WHERE member_id = '4' /**/ \"2\"", "side by side"},
		{"SELECT * FROM contacts WHERE member_id = '42", "never closed"},
		{"SELECT * FROM contacts WHERE name = '\\' AND member_id = 42", "never closed"},
		{"SELECT * FROM contacts WHERE name = _gbk'x' AND member_id = 42", "character set"},
		{"SELECT * FROM contacts WHERE name = '\xbf\\' OR 1 -- ' AND member_id = 42", "UTF-8"},
		{"SELECT * FROM `contacts WHERE member_id = 42", "never closed"},
		{"SELECT * FROM `` WHERE member_id = 42", "empty name"},
		{"SELECT * FROM `dual`", "dual"},
		{"SELECT * FROM contacts WHERE membér_id = 42", "beyond ASCII"},
		{"SELECT * FROM contacts WHERE name = $$ x $$ AND member_id = 42", "$"},
		{"SELECT $x FROM contacts WHERE member_id = 42", "$"},
		{"SELECT * FROM contacts WHERE id = @a'b' AND member_id = 42", "variable"},
		{"SELECT * FROM contacts WHERE id = @'a' AND member_id = 42", "variable"},
		{"SELECT * FROM contacts WHERE id = @ AND member_id = 42", "variable"},
		{"SELECT * FROM contacts WHERE id = @`a AND member_id = 42", "never closed"},
		{"SELECT * FROM contacts WHERE id = \\N AND member_id = 42", "no place"},
		{"SELECT * FROM contacts WHERE id = 1 \x0c AND member_id = 42", "no place"},
		{"SELECT * FROM contacts WHERE id = 1 \u00a0 AND member_id = 42", "no place"},
		{"SELECT {d '2026-01-01'} FROM contacts WHERE member_id = 42", "no place"},
		{"SELECT * FROM contacts WHERE member_id = :m", "no place"},
		{"SELECT * FROM contacts WHERE member_id = ::m", "no place"},
		// Numbers.
		{"SELECT * FROM contacts WHERE member_id = 42e", "malformed number"},
		{"SELECT * FROM contacts WHERE member_id = 1.e(42)", "malformed number"},
		{"SELECT 1.e.id FROM contacts WHERE member_id = 42", "malformed number"},
		{"SELECT * FROM contacts WHERE member_id = 0x", "malformed number"},
		{"SELECT * FROM contacts WHERE member_id = 0X2A", "malformed number"},
		{"SELECT * FROM contacts WHERE member_id = 42abc", "malformed number"},
		{"SELECT * FROM contacts WHERE member_id = 4.2.1", "malformed number"},
		{"SELECT t.1 FROM contacts t WHERE member_id = 42", "begins with a digit"},
		{"SELECT * FROM contacts WHERE member_id = x'2A", "malformed x"},
		{"SELECT * FROM contacts WHERE member_id = x'2'", "differently"},
		// Words.
		{"SELECT id FROM contacts WHERE member_id = 42 EXCEPT SELECT 1", "EXCEPT"},
		{"SELECT id FROM contacts WHERE member_id = 42 INTERSECT SELECT id FROM messages", "INTERSECT"},
		{"SELECT id FROM contacts INTERSECT WHERE member_id = 42", "INTERSECT"},
		{"SELECT id FROM contacts QUALIFY WHERE member_id = 42", "QUALIFY"},
		{"SELECT COUNT (*) FROM contacts WHERE member_id = 42", "space"},
		{"SELECT SUM/**/(id) FROM contacts WHERE member_id = 42", "space"},
		// Syntax the parser lacks, or loses.
		{"SELECT FROM WHERE", "syntax"},
		{"TABLE contacts", "syntax"},
		{"SELECT * FROM contacts WHERE member_id = 42 AND", "syntax"},
		{"SELECT * FROM contacts, WHERE member_id = 42", "syntax"},
		{"WITH a AS (SELECT 1) (WITH contacts AS (SELECT 42 AS member_id, body FROM messages) SELECT * FROM contacts WHERE member_id = 42)", "fell over"},
		{"WITH a AS (SELECT 1) (WITH contacts AS (SELECT 42 AS member_id, body FROM messages) SELECT * FROM contacts WHERE member_id = 42) LIMIT 9", "lost"},
		{"(SELECT id FROM contacts WHERE member_id = 42 LIMIT ?) LIMIT ?", "lost"},
		{"(SELECT id FROM contacts WHERE member_id = 42 ORDER BY (SELECT MAX(id) FROM messages)) ORDER BY 1", "lost"},
		{strings.Repeat("(", 300) + "SELECT 1" + strings.Repeat(")", 300), "nested"},
		{"SELECT 1" + strings.Repeat("+1", 300_000), "words"},
		{"", "empty"}, {"   ", "empty"}, {"-- nothing", "empty"}, {";", "empty"}, {"/**/;", "empty"},
	} {
		_, err := newParser(t).Parse(tt.sql)
		var u *scope.UnreadableError
		if !errors.As(err, &u) || !strings.Contains(u.Why, tt.why) {
			t.Errorf("%.200q: %v; want it unreadable for %q", tt.sql, err, tt.why)
		}
	}
}
