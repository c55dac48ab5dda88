package rows_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

func member(t testing.TB, text string) shard.Member {
	t.Helper()
	m, err := shard.ParseMember(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The server's own order, and every page of it, is that of Less.
func TestMembersAreInTheServersOrder(t *testing.T) {
	db := open(t, 0)
	texts := []string{"a", "A", "aa", "a b", "a!", "b", "z", "0", "042", "42", "10", "9", "-1", "é", "ß", "中", "a中", "\uffee", "0f8fad5b-d9cb-469f-a165-70867728950e", strings.Repeat("x", 40)}
	astral := append(slices.Clone(texts), "\U0001F600", "a\U0001F600", "\U00010000")
	for _, tt := range []struct {
		column string
		ids    []string
	}{
		{"BIGINT", []string{"0", "1", "-1", "9", "10", "42", fmt.Sprint(math.MinInt64), fmt.Sprint(math.MaxInt64), "-10", "-9"}},
		{"BIGINT UNSIGNED", []string{"0", "1", "9", "10", fmt.Sprint(uint64(math.MaxUint64)), fmt.Sprint(math.MaxInt64), fmt.Sprint(uint64(math.MaxInt64) + 1)}},
		{"SMALLINT", []string{"0", "-32768", "32767", "7"}},
		{"VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", astral},
		{"VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin", astral},
		{"CHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", astral},
		{"VARCHAR(60) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin", texts},
		{"VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin", []string{"a", "A", "a b", "b", "10", "9", "-1", "~"}},
	} {
		t.Run(tt.column, func(t *testing.T) {
			run(t, db, "DROP TABLE IF EXISTS t", "CREATE TABLE t (m "+tt.column+" NOT NULL, id INT, PRIMARY KEY (m, id))")
			for i, id := range tt.ids {
				if _, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES (?, 1), (?, ?)", id, id, i+2); err != nil {
					t.Fatal(err)
				}
			}
			table := inspect(t, db, sharded("m", "t")...)[0]
			want := make([]shard.Member, len(tt.ids))
			for i, id := range tt.ids {
				want[i] = member(t, id)
			}
			slices.SortFunc(want, func(a, b shard.Member) int {
				switch {
				case table.Less(a, b):
					return -1
				case table.Less(b, a):
					return 1
				}
				return 0
			})
			for _, limit := range []int{1, 3, 100} {
				if got := allMembers(t, db, table, limit); !slices.Equal(got, want) {
					t.Errorf("by %d: the server says %v, Less says %v", limit, got, want)
				}
			}
			var zero shard.Member
			if !table.Less(zero, want[0]) || table.Less(want[0], zero) || table.Less(zero, zero) {
				t.Error("the zero member is not before all")
			}
		})
	}
}

func TestMembersRefuses(t *testing.T) {
	db := open(t, 0)
	run(t, db, "CREATE TABLE t (m VARCHAR(60) COLLATE utf8mb4_bin PRIMARY KEY)", "INSERT INTO t VALUES ('a'), ('b\\n')")
	table := inspect(t, db, sharded("m", "t")...)[0]
	if _, err := table.Members(t.Context(), db, shard.Member{}, 10); err == nil || !strings.Contains(err.Error(), "correct or delete these rows") {
		t.Errorf("a row that no member can have: %v", err)
	}
	run(t, db, "CREATE TABLE n (m INT PRIMARY KEY)")
	if _, err := inspect(t, db, sharded("m", "n")...)[0].Members(t.Context(), db, member(t, "a"), 10); err == nil {
		t.Error("a string was taken for a position among integers")
	}
}

// Members reads one index entry a member, whatever rows it has.
func TestMembersSkipsRows(t *testing.T) {
	db := open(t, 0)
	for _, keys := range []string{"PRIMARY KEY (m, id)", "PRIMARY KEY (id, m), KEY (m)", "PRIMARY KEY (id, m), KEY (m, a)"} {
		run(t, db, "DROP TABLE IF EXISTS t", "CREATE TABLE t (m INT, id INT, a INT, "+keys+")",
			"INSERT INTO t WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 999) SELECT a.n % 20, a.n * 1000 + b.n, 0 FROM s AS a, s AS b WHERE b.n < 20",
			"ANALYZE TABLE t")
		table := inspect(t, db, sharded("m", "t")...)[0]
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		run(t, conn, "FLUSH STATUS")
		members, err := table.Members(t.Context(), conn, member(t, "3"), 10)
		if err != nil || len(members) != 10 || members[0] != shard.Int(4) {
			t.Errorf("%v, %v", members, err)
		}
		if n := handlerReads(t, conn); n > 50 {
			t.Errorf("%s: %d reads for 10 members", keys, n)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}
