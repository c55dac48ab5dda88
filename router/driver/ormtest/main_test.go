package ormtest_test

import (
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/router/scope"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 2}))
}

// fleet is two shards on two servers with the tables that sqlc reads too, and
// the data source name.
func fleet(t *testing.T) (*testfleet.Fleet, string) {
	t.Helper()
	text, err := os.ReadFile("communitydb/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	schema := slices.DeleteFunc(strings.Split(string(text), ";"), func(s string) bool { return strings.TrimSpace(s) == "" })
	var tables []shard.Table
	for _, name := range []string{"contacts", "conversations", "messages", "notes"} {
		tables = append(tables, shard.Table{Name: name, Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true})
	}
	f := testfleet.New(t, testfleet.Options{Servers: 2, Schema: schema, Tables: tables})
	return f, "file://" + f.Dir + "?cache_dir=off&parseTime=true&user=" + url.QueryEscape(f.Shards[0].User) +
		"&password=" + url.QueryEscape(f.Shards[0].Password)
}

// memberOn is the n-th member of the shard of that place, as a model has it.
func memberOn(f *testfleet.Fleet, place, n int) int64 {
	return shard.Integer.Value(f.MemberOn(place, n)).(int64)
}

// members are one of each shard.
func members(f *testfleet.Fleet) []int64 {
	return []int64{memberOn(f, 0, 0), memberOn(f, 1, 0)}
}

// The first column of what these give is one row's text.
const (
	contactRows = "SELECT CONCAT_WS(' ', id, name, email) FROM contacts WHERE member_id = ? ORDER BY id"
	messageRows = "SELECT CONCAT_WS(' ', conversation_id, id, body) FROM messages WHERE member_id = ? ORDER BY conversation_id, id"
	noteRows    = "SELECT CONCAT_WS(' ', id, body, IF(deleted_at IS NULL, NULL, 'deleted')) FROM notes WHERE member_id = ? ORDER BY id"
)

// stored checks, past all routing, that the member's home has exactly these
// rows and no other shard has any.
func stored(t *testing.T, f *testfleet.Fleet, id int64, query string, want ...string) {
	t.Helper()
	home := f.Home(shard.Int(id))
	for place, db := range f.Admin {
		rows, err := db.QueryContext(t.Context(), query, id)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for rows.Next() {
			var row string
			if err := rows.Scan(&row); err != nil {
				t.Fatal(err)
			}
			got = append(got, row)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		switch {
		case place == home && !slices.Equal(got, want):
			t.Errorf("member %d has on its shard s%d %q, want %q", id, place+1, got, want)
		case place != home && len(got) > 0:
			t.Errorf("member %d, whose home is s%d, has on s%d %q", id, home+1, place+1, got)
		}
	}
}

// neighbours gives each shard a second member that has the same ids as the one
// under test. The function it returns checks that nobody changed its rows.
func neighbours(t *testing.T, f *testfleet.Fleet) (untouched func()) {
	t.Helper()
	for place, db := range f.Admin {
		id := memberOn(f, place, 1)
		for _, insert := range []string{
			"INSERT INTO contacts VALUES (?, 1, 'Zoe', ''), (?, 2, 'Yan', ''), (?, 3, 'Xu', '')",
			"INSERT INTO conversations VALUES (?, 1, 'private')",
			"INSERT INTO messages VALUES (?, 1, 1, 'secret'), (?, 1, 2, 'secret')",
		} {
			args := slices.Repeat([]any{id}, strings.Count(insert, "?"))
			if _, err := db.ExecContext(t.Context(), insert, args...); err != nil {
				t.Fatal(err)
			}
		}
	}
	return func() {
		t.Helper()
		for place := range f.Admin {
			id := memberOn(f, place, 1)
			stored(t, f, id, contactRows, "1 Zoe ", "2 Yan ", "3 Xu ")
			stored(t, f, id, "SELECT title FROM conversations WHERE member_id = ?", "private")
			stored(t, f, id, messageRows, "1 1 secret", "1 2 secret")
		}
	}
}

// notTied checks that a statement was refused because nothing in it names a
// member, and that the error says what to write.
func notTied(t *testing.T, what string, err error, table string) {
	t.Helper()
	var tied *scope.NotTiedError
	want := "table " + table + " is not tied to one member: add \"" + table + ".member_id = ?\" to its WHERE"
	if !errors.As(err, &tied) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v\nwant: %s", what, err, want)
	}
}
