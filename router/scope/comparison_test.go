package scope_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testcluster"
)

// TestServerComparesAsTheGuardThinks puts members side by side that a lax
// comparison would mix up, and runs every way of naming one that the guard
// accepts: the server must find that member's row and no other.
func TestServerComparesAsTheGuardThinks(t *testing.T) {
	forms := []string{
		"member_id = %s", "%s = member_id", "member_id <=> %s", "member_id IN (%s)", "member_id IN (%[1]s, %[1]s)",
		"(member_id, 1) = (%s, 1)", "(member_id, id) IN ((%s, 1))", "(member_id, id) IN ((%[1]s, 1), (%[1]s, 2))",
	}
	for _, tt := range []struct {
		members shard.MemberType
		column  string
		ids     []string // also the ids that are tried
	}{
		{shard.Integer, "BIGINT", []string{"0", "1", "42", "-42", "9007199254740991", "9007199254740992", "9007199254740993", "9007199254740994", "-9007199254740993", "9223372036854775806", "9223372036854775807", "-9223372036854775808"}},
		{shard.Integer, "BIGINT UNSIGNED", []string{"0", "42", "9007199254740993", "9007199254740992", "18446744073709551614", "18446744073709551615"}},
		{shard.Integer, "INT", []string{"0", "42", "2147483647"}},
		{shard.String, "VARCHAR(100) COLLATE utf8mb4_bin", []string{"42", "042", "42.0", "42abc", " 42", "ada", "ADA", "Ada", "adá", "9007199254740993", "9007199254740992", "true", "o'hara", `a\b`, "%"}},
		{shard.String, "VARCHAR(100) COLLATE utf8mb4_0900_bin", []string{"42", "042", "ada", "ADA", "adá", "0", "x"}},
		{shard.String, "VARBINARY(100)", []string{"42", "042", "ada", "ADA"}},
	} {
		db := testcluster.Database(t, 0).Open(t)
		p, c := newParser(t), catalogue(t, tt.members)
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE contacts (member_id "+tt.column+" NOT NULL, id INT NOT NULL, PRIMARY KEY (member_id, id))"); err != nil {
			t.Fatal(err)
		}
		for _, id := range tt.ids {
			if _, err := db.ExecContext(t.Context(), "INSERT INTO contacts (member_id, id) VALUES (?, 1)", id); err != nil {
				t.Fatal(err)
			}
		}
		accepted := 0
		for _, id := range tt.ids {
			quoted := "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(id) + "'"
			for _, form := range forms {
				for _, value := range []string{id, quoted, "?"} {
					if tt.members == shard.String && value == id && value != "?" {
						continue // not SQL for most
					}
					text := "SELECT member_id FROM contacts WHERE " + fmt.Sprintf(form, value)
					var values []any
					for range strings.Count(text, "?") {
						values = append(values, id)
					}
					if got, err := member(p, c, text, values...); err != nil || got.String() != id {
						continue
					}
					accepted++
					found, err := rows(t.Context(), db, text, values...)
					if want := fmt.Sprintf("[{%s true}]", id); err != nil || len(found) != 1 || found[0] != want {
						t.Errorf("%s: %s %q finds %v (%v)", tt.column, text, values, found, err)
					}
				}
			}
		}
		if accepted < 2*len(tt.ids)*5 {
			t.Errorf("%s: only %d statements were accepted", tt.column, accepted)
		}
	}
}
