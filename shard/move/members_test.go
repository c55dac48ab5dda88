package move_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/testfleet"
)

// memberTypes are the types that a member column may have, with ids at its
// edges and some at which orders by bytes, by letters and by numbers part.
var memberTypes = []struct {
	name, column string
	kind         shard.MemberType
	ids          []string
}{
	{"strings", "VARCHAR(60) COLLATE utf8mb4_bin", shard.String, []string{
		"a", "A", "b", "Z", "ä", "Äpfel", "zz top", "user-10", "user-9", "user-1", "_", "~", "it's", `back\slash`, `"quoted"`, "%", "中文", "😀",
		"0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7",
	}},
	{"unsigned numbers", "BIGINT UNSIGNED", shard.Integer, []string{
		"0", "1", "2", "9", "10", "99", "9223372036854775807", "9223372036854775808", "18446744073709551615",
	}},
	{"signed numbers", "BIGINT", shard.Integer, []string{
		"0", "-1", "1", "-9223372036854775808", "9223372036854775807", "-10", "-9", "10", "9",
	}},
}

// A range moves there and back while rows are written, with members of each
// type, keys of several columns in every order, and columns of the types whose
// values are easily lost. What the servers say of every row is the same.
func TestMemberTypesAndKeys(t *testing.T) {
	const values = " v INT, d DECIMAL(20,5), f DOUBLE, bits BIT(17), j JSON, bin VARBINARY(40), words VARCHAR(40)," +
		" at TIMESTAMP(6) NULL, kind ENUM('x','y'), g GEOMETRY, twice BIGINT AS (v * 2) STORED,"
	for _, c := range memberTypes {
		t.Run(c.name, func(t *testing.T) {
			tables := map[string]string{
				"first":  values + " k INT NOT NULL, PRIMARY KEY (member_id, k)",
				"last":   values + " k INT NOT NULL, PRIMARY KEY (k, member_id), KEY (member_id)",
				"middle": values + " k INT NOT NULL, k2 VARCHAR(20) NOT NULL, PRIMARY KEY (k, member_id, k2), KEY (member_id), UNIQUE KEY (member_id, v)",
				"single": values + " k INT NOT NULL DEFAULT 0, PRIMARY KEY (member_id)",
			}
			o := testfleet.Options{Servers: 2, Members: shard.Members{Type: c.kind, Column: "member_id"}}
			for name, rest := range tables {
				o.Schema = append(o.Schema, "CREATE TABLE "+name+" (member_id "+c.column+" NOT NULL,"+rest+")")
				o.Tables = append(o.Tables, shard.Table{Name: name, Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true})
			}
			f := fleetOf(t, o)
			low := mustRange(t, "-80")
			ids := append([]string(nil), c.ids...)
			for i := range 40 {
				if c.kind == shard.String {
					ids = append(ids, fmt.Sprintf("m%d", i*7))
				} else {
					ids = append(ids, fmt.Sprint(1000+i*7))
				}
			}
			var moving []shard.Member
			for _, id := range ids {
				m, err := c.kind.Parse(id)
				if err != nil {
					t.Fatal(err)
				}
				for name := range tables {
					f.write(f.Home(m), name, c.kind.Value(m), 1, 5)
				}
				if low.Contains(m.KeyspaceID()) {
					moving = append(moving, m)
				}
			}
			// Chunks of few members, so that their order matters.
			f.limit(move.Limits{ChunkRows: 10, HeavyRows: 1000})
			f.work()
			job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Rate: 300, Hold: true}})
			f.until(job.ID, "copying some rows", func(j *move.Job) bool { return j.RowsCopied > 0 })
			for _, m := range moving {
				for name := range tables {
					f.write(0, name, c.kind.Value(m), 3, 8)
				}
			}
			f.exec(f.Admin[0], "DELETE FROM last WHERE k = 2")
			f.exec(f.Admin[0], "UPDATE middle SET k = k + 100, v = v + 100 WHERE k = 4")
			f.phase(job.ID, move.Ready)
			for _, m := range moving {
				f.write(0, "first", c.kind.Value(m), 2, 4)
			}
			f.ask(job.ID, move.WantRun)
			f.phase(job.ID, move.Reversible)
			f.sameTables(tables, moving)

			for _, m := range moving {
				for name := range tables {
					f.write(1, name, c.kind.Value(m), 5, 10)
				}
			}
			f.exec(f.Admin[1], "DELETE FROM first WHERE k = 3")
			f.exec(f.Admin[1], "UPDATE middle SET k = k + 1000, v = v + 1000 WHERE k = 6")
			want := f.tables(1, tables, moving)
			f.ask(job.ID, move.WantRollback)
			f.phase(job.ID, move.RolledBack)
			if got := f.tables(0, tables, moving); !slices.Equal(got, want) {
				t.Errorf("rolled back, s1 has %d rows that are not the %d of s2", len(got), len(want))
			}
			if left := f.tables(1, tables, moving); len(left) > 0 {
				t.Errorf("s2 still has %d rows", len(left))
			}
		})
	}
}

// write puts the member's rows from key low up to high, with values that differ
// in each.
func (f *fleet) write(place int, table string, id any, low, high int) {
	f.t.Helper()
	for k := low; k < high; k++ {
		columns, marks := "member_id, k, v, d, f, bits, j, bin, words, at, kind, g", "?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(6), ?, POINT(?, 1.5)"
		args := []any{id, k, k, fmt.Sprintf("%d.00001", k), 0.1 + float64(k), k * 1000, fmt.Sprintf(`{"d": %d.10, "big": 18446744073709551615}`, k),
			[]byte{0, byte(k), '\n', '\\', 0xff, 0}, "words 'é' \\ " + fmt.Sprint(k), "xy"[k%2 : k%2+1], k}
		if table == "middle" {
			columns, marks = columns+", k2", marks+", ?"
			args = append(args, "key é")
		}
		if _, err := f.Admin[place].ExecContext(f.t.Context(), "REPLACE INTO "+table+" ("+columns+") VALUES ("+marks+")", args...); err != nil {
			f.t.Fatal(err)
		}
	}
}

// tables is every row of the members, as the server tells it, without loss.
func (f *fleet) tables(place int, tables map[string]string, members []shard.Member) (out []string) {
	f.t.Helper()
	belongs := map[string]bool{}
	for _, m := range members {
		belongs[m.String()] = true
	}
	for name := range tables {
		rows, err := f.Admin[place].QueryContext(f.t.Context(), "SELECT CONCAT(member_id), CONCAT_WS('|', HEX(CONCAT(member_id)), k, COALESCE(v,'NULL'), d, f, HEX(bits),"+
			" HEX(CONCAT(j)), HEX(bin), HEX(words), at, kind, HEX(ST_AsBinary(g)), twice) FROM "+name)
		if err != nil {
			f.t.Fatal(err)
		}
		for rows.Next() {
			var id string
			var row sql.NullString
			if err := rows.Scan(&id, &row); err != nil {
				f.t.Fatal(err)
			}
			if belongs[id] {
				out = append(out, name+"|"+row.String)
			}
		}
		if err := rows.Err(); err != nil {
			f.t.Fatal(err)
		}
		_ = rows.Close()
	}
	slices.Sort(out)
	return out
}

// sameTables fails unless both servers have the same rows of the members.
func (f *fleet) sameTables(tables map[string]string, members []shard.Member) {
	f.t.Helper()
	a, b := f.tables(0, tables, members), f.tables(1, tables, members)
	if len(a) == 0 {
		f.t.Fatal("there are no rows")
	}
	if !slices.Equal(a, b) {
		f.t.Errorf("%d rows and %d rows, which differ:\n%s\n%s", len(a), len(b), strings.Join(a[:min(3, len(a))], "\n"), strings.Join(b[:min(3, len(b))], "\n"))
	}
}
