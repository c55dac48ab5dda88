package rows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/rows"
)

// copyParts copies a member, some rows at a time, and gives the number of
// parts that had rows.
func copyParts(t testing.TB, table rows.Table, source *rows.Source, target *rows.Target, m shard.Member, limit int) (parts int, n int64) {
	t.Helper()
	var after rows.Position
	for {
		done, err := table.Copy(t.Context(), source, target, rows.Part{Members: []shard.Member{m}, Limit: limit, After: after})
		if err != nil {
			t.Fatal(err)
		}
		if done.Rows > 0 {
			parts++
		}
		n += done.Rows
		after = done.Last
		if !done.More {
			return parts, n
		}
	}
}

// A member's rows are copied whole in parts of any size, by keys of every
// type, whatever index finds them.
func TestParts(t *testing.T) {
	from, to := open(t, 0), open(t, 1)
	for _, tt := range []struct {
		name, define string
		values       []string // all but m and the NULLs
	}{
		{"one column", "id INT, PRIMARY KEY (m, id)", []string{"-1", "0", "1", "2", "10", "9", "8", "7"}},
		{"the member alone", "v INT, PRIMARY KEY (m)", []string{"7"}},
		{"member last", "id BIGINT UNSIGNED, PRIMARY KEY (id, m), KEY (m)", []string{"18446744073709551615", "0", "9", "10"}},
		{"composite", "a INT, b INT, c INT, PRIMARY KEY (m, a, b, c)", []string{"1,1,1", "1,1,2", "1,2,0", "2,0,0", "2,0,1", "0,9,9", "2,1,-1"}},
		{"member between", "a INT, b INT, PRIMARY KEY (a, m, b), KEY (m)", []string{"1,1", "1,2", "2,0", "2,5", "0,9"}},
		{"string without case", "s VARCHAR(20), PRIMARY KEY (m, s)", []string{"'a'", "'B'", "'c'", "'é'", "'f'", "''", "'ß'", "'z😀'", "'a a'"}},
		{"padded string", "s CHAR(20) COLLATE utf8mb4_general_ci, n INT, PRIMARY KEY (m, s, n)", []string{"'a',1", "'A',2", "'a ',3", "'',1", "'b',0"}},
		{"string of another character set", "s VARCHAR(20) CHARACTER SET sjis, PRIMARY KEY (m, s)", []string{"'ソ'", "'表'", "'a'", "'能'"}},
		{"wide string", "s VARCHAR(20) CHARACTER SET utf16 COLLATE utf16_bin, PRIMARY KEY (m, s)", []string{"'ソ'", "'表'", "'a'", "'😀'", "''"}},
		{"uuid", "u BINARY(16), PRIMARY KEY (m, u)", []string{"UUID_TO_BIN(UUID())", "UUID_TO_BIN(UUID())", "x'00'", "x'ff'", "x'5c'"}},
		{"varbinary", "b VARBINARY(20), PRIMARY KEY (m, b)", []string{"''", "x'00'", "x'0000'", "' '", "x'ff27'", "x'5c27'"}},
		{"decimal", "d DECIMAL(65,30), PRIMARY KEY (m, d)", []string{"0", "-0.000000000000000000000000000001", "'99999999999999999999999999999999999.999999999999999999999999999999'", "1.5", "-1.5"}},
		{"date", "d DATE, PRIMARY KEY (m, d)", []string{"'0000-00-00'", "'2020-00-15'", "'2021-02-31'", "'9999-12-31'", "'1000-01-01'", "'2021-03-01'", "'2021-02-28'"}},
		{"datetime", "d DATETIME(6), PRIMARY KEY (m, d)", []string{"'0000-00-00'", "'2021-01-01 00:00:00.000001'", "'2021-01-01'", "'2021-02-31 10:00:00'"}},
		{"timestamp", "d TIMESTAMP(6), PRIMARY KEY (m, d)", []string{"'0000-00-00'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'", "'2021-10-31 01:30:00'"}},
		{"time", "d TIME(3), PRIMARY KEY (m, d)", []string{"'-838:59:59'", "'838:59:59'", "'00:00:00'", "'-00:00:00.001'"}},
		{"year", "y YEAR, PRIMARY KEY (m, y)", []string{"'0000'", "1901", "2155", "2000"}},
		{"float", "f FLOAT, PRIMARY KEY (m, f)", []string{"0.1", "-0.1", "1e-38", "3.3333333", "16777217"}},
		{"double", "f DOUBLE, PRIMARY KEY (m, f)", []string{"0.1", "0.30000000000000004", "0.3", "5e-324", "-1e308"}},
		{"bit", "b BIT(64), PRIMARY KEY (m, b)", []string{"0", "1", "18446744073709551615", "255", "256"}},
		{"enum", "e ENUM('z','a','m'), PRIMARY KEY (m, e)", []string{"'a'", "'m'", "'z'", "0"}},
		{"set", "s SET('z','a','m'), PRIMARY KEY (m, s)", []string{"'a'", "'m,z'", "'z'", "''", "7"}},
		{"prefix", "v TEXT, PRIMARY KEY (m, v(5))", []string{"'abcdefg'", "'abcd'", "''", "'b'"}},
		{"generated", "a INT, g INT AS (-a) STORED, PRIMARY KEY (m, g)", []string{"1,DEFAULT", "2,DEFAULT", "3,DEFAULT", "-4,DEFAULT"}},
		{"invisible", "a INT, h INT INVISIBLE DEFAULT 5, PRIMARY KEY (m, a)", []string{"1", "2", "3"}},
		{"second index with NULL", "a INT, b INT, PRIMARY KEY (b, m), KEY (m, a)", []string{"NULL,1", "NULL,2", "NULL,3", "5,4", "5,5", "1,6", "9,7"}},
		{"index of a prefix", "s VARCHAR(20), b INT, PRIMARY KEY (b, m), KEY (m, s(2))", []string{"'aab',4", "'aaa',3", "'b',1", "'',2"}},
		{"partitioned", "id INT, PRIMARY KEY (m, id)) PARTITION BY HASH (id) PARTITIONS 3 -- (", []string{"1", "2", "3", "4", "5"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source, target := session(t, from, rows.NewSource), targetOf(t, to, rows.Fastest)
			define := "CREATE TABLE t (m INT, " + tt.define + ")"
			run(t, source.conn, "DROP TABLE IF EXISTS t", define)
			run(t, target.conn, "DROP TABLE IF EXISTS t", define)
			for _, v := range tt.values {
				run(t, source.conn, fmt.Sprintf("INSERT INTO t VALUES (1, %s), (2, %[1]s), (3, %[1]s)", v))
			}
			table := inspect(t, from, sharded("m", "t")...)[0]
			want := lines(t, source.conn, "SELECT *, HEX(CONCAT_WS('/', m)) FROM t WHERE m = 2")
			for _, limit := range []int{1, 2, 7, 100} {
				run(t, target.conn, "DELETE FROM t")
				parts, n := copyParts(t, table, source.of, target.of, shard.Int(2), limit)
				if least := (len(tt.values) + limit - 1) / limit; int(n) != len(tt.values) || parts != least {
					t.Errorf("by %d: %d rows in %d parts, want %d in %d", limit, n, parts, len(tt.values), least)
				}
				got := lines(t, target.conn, "SELECT *, HEX(CONCAT_WS('/', m)) FROM t")
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("by %d:\n%s\nwant\n%s", limit, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}

// A part reads its own rows, and sorts none.
func TestPartsReadByTheIndex(t *testing.T) {
	from, to := open(t, 0), open(t, 1)
	const tail = "INSERT INTO t WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 999) SELECT 1 + (n MOD 2), n DIV 10, n, CONCAT('s', n) FROM s"
	for _, keys := range []string{"PRIMARY KEY (m, a, b)", "PRIMARY KEY (m, s)", "PRIMARY KEY (a, b, m), KEY (m)", "PRIMARY KEY (b, m), KEY (m, a)", "PRIMARY KEY (m, s, a, b)"} {
		t.Run(keys, func(t *testing.T) {
			source, target := session(t, from, rows.NewSource), targetOf(t, to, rows.Fastest)
			define := "CREATE TABLE t (m INT NOT NULL, a INT, b INT, s VARCHAR(20), " + keys + ")"
			run(t, source.conn, "DROP TABLE IF EXISTS t", define, tail, "ANALYZE TABLE t")
			run(t, target.conn, "DROP TABLE IF EXISTS t", define)
			table := inspect(t, from, sharded("m", "t")...)[0]
			part := rows.Part{Members: members(2), Limit: 20}
			for range 10 {
				done, err := table.Copy(t.Context(), source.of, target.of, part)
				if err != nil || done.Rows != 20 {
					t.Fatalf("%+v, %v", done, err)
				}
				part.After = done.Last
			}
			run(t, source.conn, "FLUSH STATUS")
			if _, err := table.Copy(t.Context(), source.of, target.of, part); err != nil {
				t.Fatal(err)
			}
			if n := handlerReads(t, source.conn); n > 60 {
				t.Errorf("%d reads for 20 rows", n)
			}
			if n := ask[int](t, source.conn, "SELECT SUM(VARIABLE_VALUE) FROM performance_schema.session_status WHERE VARIABLE_NAME IN ('Sort_rows', 'Select_scan')"); n > 1 {
				t.Errorf("rows were sorted or scanned: %d", n)
			}
		})
	}
}

func TestPartRefused(t *testing.T) {
	from, to := open(t, 0), open(t, 1)
	run(t, from, "CREATE TABLE t (m INT, id INT, d DATE, PRIMARY KEY (m, id, d))", "CREATE TABLE n (m INT NOT NULL, id INT PRIMARY KEY)")
	source, target := session(t, from, rows.NewSource), targetOf(t, to, rows.Fastest)
	tables := inspect(t, from, sharded("m", "t", "n")...)
	for _, tt := range []struct {
		name  string
		table int
		part  rows.Part
	}{
		{"limit without member", 0, rows.Part{Limit: 1}},
		{"limit with two", 0, rows.Part{Limit: 1, Members: members(1, 2)}},
		{"negative limit", 0, rows.Part{Limit: -1, Members: members(1)}},
		{"position without limit", 0, rows.Part{After: "1:31,31", Members: members(1)}},
		{"position of another table", 0, rows.Part{After: "1:31", Limit: 1, Members: members(1)}},
		{"position of another version", 0, rows.Part{After: "2:31,31", Limit: 1, Members: members(1)}},
		{"position that is no number", 0, rows.Part{After: "1:312b31,31", Limit: 1, Members: members(1)}},
		{"position that is no date", 0, rows.Part{After: "1:31,27", Limit: 1, Members: members(1)}},
		{"position that is not hexadecimal", 0, rows.Part{After: "1:3,1", Limit: 1, Members: members(1)}},
		{"no index", 1, rows.Part{Members: members(1)}},
	} {
		if _, err := tables[tt.table].Copy(t.Context(), source.of, target.of, tt.part); err == nil {
			t.Errorf("%s: taken", tt.name)
		}
	}
	// Neither nobody nor who can't be there is an error.
	for _, nobody := range [][]shard.Member{nil, {member(t, "a")}} {
		if done, err := tables[0].Copy(t.Context(), source.of, target.of, rows.Part{Members: nobody}); err != nil || done.Rows != 0 {
			t.Errorf("%v: %+v, %v", nobody, done, err)
		}
	}
}
