package rows_test

import (
	"testing"

	"github.com/berthdb/berth/shard"
)

// One member of very many rows is seen among as many others as a copy asks for
// at once.
func TestExpectSeesOneAmongMany(t *testing.T) {
	db := open(t, 0)
	run(t, db, fill(3000, 3)...) // members 0 to 999
	run(t, db,
		"INSERT INTO contacts SELECT 500, 10000 + id, name, email, body FROM contacts WHERE member_id <> 500",
		"INSERT INTO contacts SELECT 500, 20000 + id, name, email, body FROM contacts WHERE member_id = 500",
		"ANALYZE TABLE contacts")
	table := inspect(t, db, sharded("member_id", "contacts")...)[0]
	var all, others []shard.Member
	for id := range int64(1000) {
		all = append(all, shard.Int(id))
		if id != 500 {
			others = append(others, shard.Int(id))
		}
	}
	expect := func(members []shard.Member) int64 {
		t.Helper()
		n, err := table.Expect(t.Context(), db, members)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// The heavy one has 6,000 rows, the others 2,997.
	if with, without := expect(all), expect(others); with-without < 2500 || without > 4000 {
		t.Errorf("%d rows expected with the heavy member and %d without", with, without)
	}
}
