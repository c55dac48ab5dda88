package rows_test

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/rows"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

func sums(t testing.TB, db instance.DB, table rows.Table, of ...shard.Member) map[shard.Member]rows.Sum {
	t.Helper()
	got, err := table.Sums(t.Context(), db, of)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// relaxed is a connection that takes zero dates and other odd values.
func relaxed(t testing.TB, db *sql.DB) instance.DB {
	t.Helper()
	return session(t, db, rows.NewSource).conn
}

// A row has one sum for each value of a column, whatever the column's type.
func TestEveryValueHasItsOwnSum(t *testing.T) {
	db := open(t, 0)
	conn := relaxed(t, db)
	for _, s := range samples {
		t.Run(s.define[:min(len(s.define), 40)], func(t *testing.T) {
			run(t, conn, "DROP TABLE IF EXISTS t", "CREATE TABLE t (id INT, m INT, v "+s.define+", after_it VARCHAR(10), PRIMARY KEY (m, id))")
			table := inspect(t, db, sharded("m", "t")...)[0]
			bySum, byValue := map[rows.Sum]string{}, map[string]rows.Sum{}
			for _, v := range append(s.values, "NULL") {
				run(t, conn, "REPLACE INTO t VALUES (1, 1, "+v+", 'x')")
				shown := ask[string](t, conn, "SELECT CONCAT(v IS NULL, IFNULL("+seen("v", s.define)+", '')) FROM t")
				sum := sums(t, db, table, shard.Int(1))[shard.Int(1)]
				if other, ok := bySum[sum]; ok && other != shown {
					t.Errorf("%s and %s have the same sum", other, shown)
				}
				if other, ok := byValue[shown]; ok && other != sum {
					t.Errorf("%s has two sums", shown)
				}
				bySum[sum], byValue[shown] = shown, sum
			}
			if len(bySum) < 2 {
				t.Errorf("all values are seen as %v", byValue)
			}
		})
	}
}

// Values that are one bit apart, the smallest step there is.
func TestOneBit(t *testing.T) {
	db := open(t, 0)
	conn := relaxed(t, db)
	var doubles, floats []any
	for _, f := range []float64{0.1, 1, -3.3333333, 123456789.125, 1e300, 5e-324, 8388608} {
		doubles = append(doubles, f, math.Nextafter(f, math.Inf(1)), math.Nextafter(f, math.Inf(-1)))
	}
	for _, f := range []float32{0.1, 1, -3.3333333, 16777216, 1e30, 1e-45} {
		floats = append(floats, float64(f), float64(math.Nextafter32(f, float32(math.Inf(1)))))
	}
	for _, tt := range []struct {
		define string
		values []any
	}{
		{"BIGINT UNSIGNED", bits(64)},
		{"BIT(64)", bits(64)},
		{"SET(" + manyNames(64) + ")", bits(64)},
		{"DOUBLE", doubles},
		{"FLOAT", floats},
		{"DECIMAL(65,30)", []any{"0." + strings.Repeat("0", 29) + "1", "0." + strings.Repeat("0", 29) + "2", strings.Repeat("9", 35) + "." + strings.Repeat("9", 29) + "8", strings.Repeat("9", 35) + "." + strings.Repeat("9", 30)}},
		{"DATETIME(6)", []any{"2020-01-01 00:00:00.000001", "2020-01-01 00:00:00.000002", "2020-01-01 00:00:00"}},
		{"TIMESTAMP(6) NULL", []any{"2021-10-31 01:30:00.000001", "2021-10-31 01:30:00.000002", "2021-10-31 00:30:00.000001"}},
		{"TIME(6)", []any{"-00:00:00.000001", "00:00:00.000001", "00:00:00"}},
		{"VARBINARY(32)", flips(20)},
		{"BINARY(20)", flips(20)},
		{"LONGBLOB", flips(70_000)},
		{"VARCHAR(32) CHARACTER SET latin1", flips(20)},
	} {
		t.Run(tt.define[:min(len(tt.define), 40)], func(t *testing.T) {
			run(t, conn, "DROP TABLE IF EXISTS t", "CREATE TABLE t (id INT, m INT, v "+tt.define+", PRIMARY KEY (m, id))", "INSERT INTO t (id, m) VALUES (1, 1)")
			table := inspect(t, db, sharded("m", "t")...)[0]
			assign := "?"
			if table.Columns[2].CharacterSet == "latin1" {
				assign = "CAST(? AS BINARY)" // not the characters, but the bytes
			}
			bySum := map[rows.Sum]int{}
			for i, v := range tt.values {
				if _, err := conn.ExecContext(t.Context(), "UPDATE t SET v = "+assign, v); err != nil {
					t.Fatal(err)
				}
				sum := sums(t, db, table, shard.Int(1))[shard.Int(1)]
				if other, ok := bySum[sum]; ok {
					t.Errorf("%v and %v have the same sum", tt.values[other], v)
				}
				bySum[sum] = i
			}
		})
	}
}

// bits is zero and every number of one bit set.
func bits(n int) []any {
	values := []any{uint64(0)}
	for i := range n {
		values = append(values, uint64(1)<<i)
	}
	return values
}

// flips is n bytes, and the same with one bit turned, at most 160 of them.
func flips(n int) []any {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte('a' + i%26)
	}
	values := []any{append([]byte{}, text...)}
	for i := 0; i < n*8; i += max(1, n/20) {
		text[i/8] ^= 1 << (i % 8)
		values = append(values, append([]byte{}, text...))
		text[i/8] ^= 1 << (i % 8)
	}
	return values
}

// What stands in one column can't pass for what stands in two.
func TestBordersBetweenColumns(t *testing.T) {
	db := open(t, 0)
	run(t, db, "CREATE TABLE t (m INT, id INT, a VARCHAR(20), b VARCHAR(20), c BLOB, d INT, e DOUBLE, f JSON, g INT, PRIMARY KEY (m, id))")
	table := inspect(t, db, sharded("m", "t")...)[0]
	bySum := map[rows.Sum]string{}
	for _, v := range []string{
		"'a', 'b', 'c', 1, 2, NULL, NULL", "'a#', 'b', 'c', 1, 2, NULL, NULL", "'a', '#b', 'c', 1, 2, NULL, NULL",
		"'ab', '', 'c', 1, 2, NULL, NULL", "'', 'ab', 'c', 1, 2, NULL, NULL", "'a', 'bc', '', 1, 2, NULL, NULL",
		"'a#1#b', '', 'c', 1, 2, NULL, NULL", "'', 'a#1#b', 'c', 1, 2, NULL, NULL", "'1', '1#1', 'c', 1, 2, NULL, NULL", "'1#1', '1', 'c', 1, 2, NULL, NULL",
		"'', '', '', 1, 2, NULL, NULL", "NULL, '', '', 1, 2, NULL, NULL", "'', NULL, '', 1, 2, NULL, NULL", "'', '', NULL, 1, 2, NULL, NULL", "'N', '', '', 1, 2, NULL, NULL", "NULL, NULL, NULL, NULL, NULL, NULL, NULL",
		"'', '', '', NULL, 2, NULL, NULL", "'', '', '', 12, NULL, NULL, NULL", "'', '', '', 0, 12, NULL, NULL", "'', '', '', NULL, 12, NULL, NULL", "'', '', '', 1, NULL, NULL, 2",
		"'', '', '', 1, 2, 'null', NULL", "'', '', '', 1, 2, '\"N\"', NULL", "'', '', '', 1, 2, '12', 3", "'', '', '', 1, 2, '1', 23", "'', '', '', 1, 2, '\"1#\"', 23", "'', '', '', 1, 2, '\"#1\"', 23",
	} {
		run(t, db, "REPLACE INTO t VALUES (1, 1, "+v+")")
		sum := sums(t, db, table, shard.Int(1))[shard.Int(1)]
		if other, ok := bySum[sum]; ok {
			t.Errorf("(%s) and (%s) have the same sum", other, v)
		}
		bySum[sum] = v
	}
}

// Rows that exchange values, or come twice, don't cancel out.
func TestSumOfManyRows(t *testing.T) {
	db := open(t, 0)
	run(t, db, "CREATE TABLE t (m INT, id INT, v VARCHAR(20), PRIMARY KEY (m, id))")
	table := inspect(t, db, sharded("m", "t")...)[0]
	bySum := map[rows.Sum]string{}
	for _, v := range []string{
		"(1, 1, 'aaaa'), (1, 2, 'bbbb')", "(1, 1, 'bbbb'), (1, 2, 'aaaa')", "(1, 1, 'aaaa'), (1, 2, 'aaaa')", "(1, 1, 'bbbb'), (1, 2, 'bbbb')",
		"(1, 1, 'aaaa'), (1, 3, 'bbbb')", "(1, 1, 'aaaa')", "(1, 1, 'aaaa'), (1, 2, 'bbbb'), (1, 3, 'bbbb'), (1, 4, 'bbbb')",
	} {
		run(t, db, "DELETE FROM t", "INSERT INTO t VALUES "+v)
		sum := sums(t, db, table, shard.Int(1))[shard.Int(1)]
		if n := uint64(strings.Count(v, "(")); sum.Rows != n {
			t.Errorf("%s: %d rows", v, sum.Rows)
		}
		if other, ok := bySum[sum]; ok {
			t.Errorf("%s and %s have the same sum", other, v)
		}
		bySum[sum] = v
	}
}

func TestSumsOfManyMembers(t *testing.T) {
	db := open(t, 0)
	run(t, db, "CREATE TABLE t (id BIGINT NOT NULL, owner VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, PRIMARY KEY (id, owner), KEY (owner))",
		"SET SESSION cte_max_recursion_depth = 10000",
		"INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 4999) SELECT i, CONCAT('é', i MOD 2500) FROM n")
	table := inspect(t, db, sharded("owner", "t")...)[0]
	var all []shard.Member
	for i := range 2501 { // one that isn't there
		all = append(all, mustMember(t, "é"+strconv.Itoa(i)))
	}
	got := sums(t, db, table, all...)
	if len(got) != 2500 {
		t.Fatalf("%d members", len(got))
	}
	for _, m := range all[:2500] {
		if got[m].Rows != 2 || got[m] != sums(t, db, table, m)[m] {
			t.Errorf("%s: %+v", m, got[m])
		}
	}
}

func mustMember(t testing.TB, s string) shard.Member {
	t.Helper()
	m, err := shard.ParseMember(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A session's own settings change no sum.
func TestSumInAnySession(t *testing.T) {
	db := open(t, 0)
	run(t, db, "CREATE TABLE t (m INT, id INT, at TIMESTAMP NULL, c CHAR(10), l VARCHAR(10) CHARACTER SET latin1, d DOUBLE, PRIMARY KEY (m, id))",
		"INSERT INTO t VALUES (1, 1, '2021-10-31 01:30:00', 'é ', 'é', 0.1)")
	table := inspect(t, db, sharded("m", "t")...)[0]
	want := sums(t, db, table, shard.Int(1))[shard.Int(1)]
	for _, set := range []string{
		"time_zone = '-08:00'", "sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'", "sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'", "character_set_results = NULL",
		"character_set_results = latin1", "div_precision_increment = 0", "lc_time_names = 'de_DE'",
	} {
		conn := relaxed(t, db)
		run(t, conn, "SET SESSION "+set)
		if got := sums(t, conn, table, shard.Int(1))[shard.Int(1)]; got != want {
			t.Errorf("with %s the sum is %v, not %v", set, got, want)
		}
	}
	conn := relaxed(t, db)
	run(t, conn, "SET SESSION character_set_connection = utf16")
	if got, err := table.Sums(t.Context(), conn, members(1)); err == nil {
		t.Errorf("hashes that are NULL gave %v", got)
	}
}

// A row that is longer than the server's max_allowed_packet has a sum of every
// bit too.
func TestSumOfAWideRow(t *testing.T) {
	s := testcluster.OwnMySQL(t, mysqld.Options{Flags: []string{"--max-allowed-packet=1M"}})
	c, err := instance.NewConnector(instance.Config{Address: s.Addr(), Database: "mysql", User: s.Root().User, Password: instance.Literal(s.Root().Password), WithoutHello: true})
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close() //nolint:errcheck // nothing was written that must be kept
	run(t, db, "CREATE DATABASE app")
	conn := relaxed(t, db)
	run(t, conn, "USE app")
	columns, values := "", ""
	for i := range 20 {
		columns += fmt.Sprintf("t%d TEXT, ", i)
		values += ", REPEAT('x', 60000)"
	}
	run(t, conn, "CREATE TABLE t (m INT, id INT, "+columns+"PRIMARY KEY (m, id))", "INSERT INTO t VALUES (1, 1"+values+")")
	table := inspect(t, conn, sharded("m", "t")...)[0]
	bySum := map[rows.Sum]string{sums(t, conn, table, shard.Int(1))[shard.Int(1)]: "at first"}
	for _, set := range []string{"t0 = CONCAT('y', t0)", "t19 = CONCAT(LEFT(t19, 59999), 'y')", "t19 = NULL", "t18 = ''", "t18 = NULL", "t17 = SHA2(t17, 256)"} {
		run(t, conn, "UPDATE t SET "+set)
		sum := sums(t, conn, table, shard.Int(1))[shard.Int(1)]
		if other, ok := bySum[sum]; ok {
			t.Errorf("%s: the same sum as %s", set, other)
		}
		bySum[sum] = set
	}
}

func BenchmarkSums(b *testing.B) {
	db := open(b, 0)
	const perMember, count = 50, 2000
	run(b, db, "CREATE TABLE contacts (member_id BIGINT NOT NULL, id BIGINT NOT NULL, name VARCHAR(100) NOT NULL, email VARCHAR(100), body TEXT, PRIMARY KEY (member_id, id))",
		"SET SESSION cte_max_recursion_depth = 1000000",
		fmt.Sprintf("INSERT INTO contacts WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < %d)"+
			" SELECT i DIV %d, i MOD %d, CONCAT('name ', i), CONCAT('mail', i, '@example.org'), REPEAT(HEX(i*7919), 28) FROM n", perMember*count-1, perMember, perMember))
	table := inspect(b, db, sharded("member_id", "contacts")...)[0]
	var all []shard.Member
	for i := range count {
		all = append(all, shard.Int(int64(i)))
	}
	ctx := context.WithoutCancel(b.Context())
	b.Run("count only", func(b *testing.B) { // what reading alone costs
		for b.Loop() {
			if n := ask[int](b, db, "SELECT COUNT(body) FROM contacts"); n != perMember*count {
				b.Fatal(n)
			}
		}
		b.ReportMetric(float64(b.N*perMember*count)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("sums", func(b *testing.B) {
		for b.Loop() {
			got, err := table.Sums(ctx, db, all)
			if err != nil || len(got) != count {
				b.Fatal(len(got), err)
			}
		}
		b.ReportMetric(float64(b.N*perMember*count)/b.Elapsed().Seconds(), "rows/s")
	})
}
