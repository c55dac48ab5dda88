package ormtest_test

import (
	"net/url"
	"os"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 2}))
}

// schema is what sqlc reads too.
func schema(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("contactdb/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// fleet is two shards on two servers, and the data source name.
func fleet(t *testing.T) (*testfleet.Fleet, string) {
	t.Helper()
	f := testfleet.New(t, testfleet.Options{
		Servers: 2, Schema: []string{schema(t)},
		Tables: []shard.Table{{Name: "contacts", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true}},
	})
	return f, "file://" + f.Dir + "?cache_dir=off&parseTime=true&user=" + f.Shards[0].User + "&password=" + url.QueryEscape(f.Shards[0].Password)
}

// members are one of each shard.
func members(f *testfleet.Fleet) []int64 {
	var ids []int64
	for place := range f.Shards {
		ids = append(ids, shard.Integer.Value(f.MemberOn(place, 0)).(int64))
	}
	return ids
}

// rowsAre checks, past all routing, that each member has so many rows on its
// own shard and none elsewhere.
func rowsAre(t *testing.T, f *testfleet.Fleet, want int) {
	t.Helper()
	for home, id := range members(f) {
		for place, db := range f.Admin {
			var n int
			if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM contacts WHERE member_id = ?", id).Scan(&n); err != nil {
				t.Fatal(err)
			}
			if place == home && n != want || place != home && n != 0 {
				t.Errorf("member %d, of shard s%d, has %d rows on s%d", id, home+1, n, place+1)
			}
		}
	}
}
