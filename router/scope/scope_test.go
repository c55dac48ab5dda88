package scope_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/router/scope"
	"github.com/berthdb/berth/shard"
)

func mustScope(t testing.TB, sql string) (*scope.Statement, *scope.Scope) {
	t.Helper()
	stmt, err := newParser(t).Parse(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	s, err := stmt.Scope(catalogue(t, shard.Integer))
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return stmt, s
}

func TestClass(t *testing.T) {
	for _, tt := range []struct {
		sql   string
		class scope.Class
		shard string
	}{
		{"SELECT 1", scope.None, ""},
		{"SELECT 1 FROM dual", scope.None, ""},
		{"SELECT @@version, DATABASE(), ?", scope.None, ""},
		{"SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()", scope.None, ""},
		{"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT * FROM n", scope.None, ""},
		{"SELECT * FROM countries", scope.Reference, ""},
		{"SELECT * FROM countries k JOIN labels l USING (id)", scope.Reference, ""},
		{"INSERT INTO countries VALUES (1, 2)", scope.Reference, ""},
		{"INSERT INTO countries SELECT * FROM labels", scope.Reference, ""},
		{"UPDATE countries SET name = 'x'", scope.Reference, ""},
		{"DELETE FROM countries", scope.Reference, ""},
		{"SELECT * FROM settings", scope.Global, "a"},
		{"SELECT * FROM plans WHERE id = ?", scope.Global, "b"},
		{"SELECT * FROM plans p JOIN countries k ON k.id = p.id", scope.Global, "b"},
		{"INSERT INTO settings (id) SELECT id FROM countries", scope.Global, "a"},
		{"DELETE FROM plans", scope.Global, "b"},
		{"SELECT * FROM contacts WHERE member_id = 42", scope.Member, ""},
		{"SELECT * FROM countries WHERE id IN (SELECT id FROM contacts WHERE member_id = 42)", scope.Member, ""},
	} {
		_, s := mustScope(t, tt.sql)
		if s.Class != tt.class || s.Shard != tt.shard {
			t.Errorf("%s: %v %q, want %v %q", tt.sql, s.Class, s.Shard, tt.class, tt.shard)
		}
		if _, err := s.Member(nil); s.Class != scope.Member && err == nil {
			t.Errorf("%s: it gives a member", tt.sql)
		}
	}
}

func TestTables(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT * FROM contacts c JOIN countries k ON k.id = c.id WHERE member_id = 1":                                       "contacts countries",
		"SELECT * FROM contacts a JOIN contacts b USING (member_id) WHERE a.member_id = 1":                                   "contacts",
		"UPDATE contacts c JOIN messages m USING (member_id) SET c.name = 1 WHERE c.member_id = 1":                           "contacts! messages",
		"UPDATE contacts c JOIN messages m USING (member_id) SET name = 1 WHERE c.member_id = 1":                             "contacts! messages!",
		"UPDATE contacts SET name = 'x' WHERE member_id = 1 AND id IN (SELECT id FROM messages WHERE member_id = 1)":         "contacts! messages",
		"DELETE c FROM contacts c JOIN messages m USING (member_id) WHERE c.member_id = 1":                                   "contacts! messages",
		"INSERT INTO contacts (member_id) SELECT member_id FROM messages WHERE member_id = 1":                                "contacts! messages",
		"INSERT INTO contacts (member_id) SELECT 1 FROM contacts WHERE member_id = 1":                                        "contacts!",
		"WITH contacts AS (SELECT * FROM messages WHERE member_id = 1) SELECT * FROM contacts":                               "messages",
		"SELECT (SELECT COUNT(*) FROM notes WHERE owner_id = 1), COUNT(*) FROM (SELECT 1 FROM contacts WHERE member_id=1) d": "contacts notes",
	} {
		_, s := mustScope(t, sql)
		var got []string
		for _, u := range s.Tables {
			name := u.Name
			if u.Written {
				name += "!"
			}
			got = append(got, name)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: tables %v, want %s", sql, got, want)
		}
	}
}

func TestUpsert(t *testing.T) {
	for sql, want := range map[string]bool{
		"REPLACE INTO contacts (member_id) VALUES (1)":                                      true,
		"INSERT INTO contacts (member_id) VALUES (1) ON DUPLICATE KEY UPDATE name = 'x'":    true,
		"INSERT INTO contacts (member_id) VALUES (1)":                                       false,
		"INSERT IGNORE INTO contacts (member_id) VALUES (1)":                                false,
		"REPLACE INTO countries (id) VALUES (1)":                                            false,
		"UPDATE contacts SET name = 'x' WHERE member_id = 1":                                false,
		"INSERT INTO notes (owner_id) SELECT owner_id FROM notes WHERE owner_id = 1":        false,
		"REPLACE INTO notes (owner_id) SELECT owner_id FROM notes WHERE owner_id IN (1, 1)": true,
	} {
		if _, s := mustScope(t, sql); s.Upsert != want {
			t.Errorf("%s: Upsert %v, want %v", sql, s.Upsert, want)
		}
	}
}

// A table that may have a unique key without the member column takes no
// upsert: it could change the row of another member.
func TestUpsertNeedsKeysThatHoldTheMember(t *testing.T) {
	for _, sql := range []string{
		"REPLACE INTO legacy (member_id, id) VALUES (1, 2)",
		"INSERT INTO legacy (member_id, id) VALUES (1, 2) ON DUPLICATE KEY UPDATE name = 'x'",
		"REPLACE INTO legacy (member_id, id) SELECT member_id, id FROM contacts WHERE member_id = 1",
	} {
		st, err := newParser(t).Parse(sql)
		if err != nil {
			t.Fatal(err)
		}
		var refused *scope.RefusedError
		if _, err := st.Scope(catalogue(t, shard.Integer)); !errors.As(err, &refused) || refused.Reason != scope.OtherMembersRow {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, s := mustScope(t, "INSERT INTO legacy (member_id, id) VALUES (1, 2)"); s.Upsert {
		t.Error("a plain INSERT is taken for an upsert")
	}
}

func TestLiteral(t *testing.T) {
	_, s := mustScope(t, "SELECT * FROM contacts WHERE member_id = -7")
	if m, ok := s.Literal(); !ok || m != shard.Int(-7) {
		t.Errorf("literal %q, %v", m, ok)
	}
	_, s = mustScope(t, "SELECT * FROM contacts WHERE member_id = ?")
	if m, ok := s.Literal(); ok {
		t.Errorf("literal %q of a statement that has none", m)
	}
}

// TestMessages pins what people read when they are refused.
func TestMessages(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT * FROM contacts":                        `table contacts is not tied to one member: add "contacts.member_id = ?" to its WHERE, or use Unscoped if it really means all members`,
		"SELECT * FROM notes n WHERE n.owner_id = 42.0": `table notes is not tied to one member: add "n.owner_id = ?" to its WHERE (42.0 is no member id: the server compares and converts such a number in its own way; write a plain integer), or use Unscoped if it really means all members`,
		"SELECT * FROM contacts c LEFT JOIN messages m ON m.id = c.id WHERE c.member_id = 1": `table messages is not tied to one member: add "m.member_id = ?" to its ON, or use Unscoped if it really means all members`,
		"INSERT INTO contacts VALUES (1)":                  `table contacts is not tied to one member: add "member_id" to its column list and VALUES (the INSERT has no column list), or use Unscoped if it really means all members`,
		"SELECT * FROM contacts WHERE member_id IN (1, 2)": `the statement names two members, 1 and 2; a statement may name one`,
		"SELECT * FROM Contacts":                           `table Contacts is not in the table catalogue; it has contacts, and table names differ by case`,
		"SELECT * FROM x":                                  `table x is not in the table catalogue; add it with: berth table set x --kind sharded|reference|global`,
		"SET @x = 1":                                       `the statement is refused (session state): it changes the session, which others share; configure the connection instead`,
		"SELECT 1; SELECT 2":                               `the statement is refused (multi-statement): there is a second statement after the semicolon; send one at a time`,
		"SELECT 1 /*! + 1 */":                              `the statement can't be checked, at byte 9: an executable comment (/*! … */), which is SQL to some servers and nothing to others; take it out`,
	} {
		_, err := member(newParser(t), catalogue(t, shard.Integer), sql)
		if err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", sql, err, want)
		}
	}
}

func TestCatalogueFollowsTheMap(t *testing.T) {
	doc := document(shard.Integer)
	c := scope.NewCatalogue(mustMap(t, doc))
	stmt, err := newParser(t).Parse("SELECT * FROM countries")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := stmt.Scope(c); err != nil || s.Class != scope.Reference {
		t.Fatalf("%v, %v", s, err)
	}

	later := document(shard.Integer)
	later.Epoch = 9
	if c.For(mustMap(t, later)) != c {
		t.Error("a map with the same tables has another catalogue")
	}
	later.Tables = slices.Clone(later.Tables)
	later.Tables[1] = shard.Table{Name: "countries", Kind: shard.Sharded, MemberColumn: "member_id"}
	next := c.For(mustMap(t, later))
	if next == c {
		t.Fatal("a map with other tables has the same catalogue")
	}
	if _, err := stmt.Scope(next); !as[*scope.NotTiedError](err) {
		t.Errorf("after the table became sharded: %v", err)
	}
	if s, err := stmt.Scope(c); err != nil || s.Class != scope.Reference {
		t.Errorf("under the old catalogue: %v, %v", s, err)
	}
	text := document(shard.String)
	if c.For(mustMap(t, text)) == c {
		t.Error("a map with members of another type has the same catalogue")
	}
}
