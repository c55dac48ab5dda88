package rows_test

import (
	"errors"
	"math"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/rows"
)

// uneven is a table of 5,000 members with 1 to 3 rows, and member 7 with 2,000.
func uneven(t *testing.T, db instance.DB, name string) rows.Table {
	t.Helper()
	run(t, db, "CREATE TABLE "+name+" (member_id BIGINT NOT NULL, id INT NOT NULL, v VARCHAR(100), PRIMARY KEY (id, member_id), KEY (member_id))",
		"SET SESSION cte_max_recursion_depth = 20000",
		"INSERT INTO "+name+" WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 9999)"+
			" SELECT 1 + IF(i < 5000, i, FLOOR(i * i / 20000)), i, REPEAT('x', 90) FROM n",
		"INSERT INTO "+name+" SELECT 7, id + 10000, v FROM "+name+" WHERE id < 2000",
		"ANALYZE TABLE "+name)
	return inspect(t, db, sharded("member_id", name)...)[0]
}

// truth counts the rows and members that the spans hold, one by one.
func truth(t *testing.T, db instance.DB, table rows.Table, covers func(shard.Member) bool) (n, members uint64) {
	t.Helper()
	for _, m := range allMembers(t, db, table, 1000) {
		if covers(m) {
			members++
			n += ask[uint64](t, db, "SELECT COUNT(*) FROM "+table.Name+" WHERE member_id = ?", m.String())
		}
	}
	return n, members
}

func mustSpan(t *testing.T, s string) shard.Span {
	t.Helper()
	span, err := shard.ParseSpan(s)
	if err != nil {
		t.Fatal(err)
	}
	return span
}

func TestEstimate(t *testing.T) {
	db := open(t, 0)
	table := uneven(t, db, "uneven")
	for _, s := range []string{"-", "-80", "80-", "40-41", "member:7", "member:3", "member:99999"} {
		span := mustSpan(t, s)
		n, members := truth(t, db, table, span.Covers)
		got, err := table.Estimate(t.Context(), db, span)
		if err != nil {
			t.Fatal(err)
		}
		if got.Rows != n || got.Members != members || !got.Exact {
			t.Errorf("%s: %+v, there are %d rows of %d members", s, got, n, members)
		}
		if perRow := float64(got.Bytes) / float64(max(got.Rows, 1)); n > 0 && (perRow < 90 || perRow > 500) {
			t.Errorf("%s: %d bytes of %d rows", s, got.Bytes, got.Rows)
		}
		// Too many to be counted: within the bounds of a guess.
		list, err := table.EstimateWithin(t.Context(), db, []shard.Span{span}, 100)
		if err != nil {
			t.Fatal(err)
		}
		got = list[span]
		if within := func(x, y uint64) bool { return math.Abs(float64(x)-float64(y)) <= float64(y)*0.5+20 }; !within(got.Rows, n) || !within(got.Members, members) || got.Exact != (n < 100 && span.IsPin()) {
			t.Errorf("%s without counting: %+v, there are %d rows of %d members", s, got, n, members)
		}
	}
}

func TestEstimates(t *testing.T) {
	db := open(t, 0)
	table := uneven(t, db, "uneven")
	m, err := shard.New(shard.Document{Format: shard.Format, Cluster: "c", Epoch: 1, Members: shard.Members{Type: shard.Integer, Column: "member_id"},
		Shards: []shard.Shard{{Name: "a", Database: "app", Primary: shard.Instance{Address: "10.0.0.1:3306"}}, {Name: "b", Database: "app", Primary: shard.Instance{Address: "10.0.0.2:3306"}}},
		Ranges: []shard.Entry{{Span: mustSpan(t, "-40"), Shard: "a"}, {Span: mustSpan(t, "40-c0"), Shard: "b"}, {Span: mustSpan(t, "c0-"), Shard: "a"}},
		Pins:   []shard.Entry{{Span: mustSpan(t, "member:7"), Shard: "a"}, {Span: mustSpan(t, "member:-5"), Shard: "a"}, {Span: mustSpan(t, "member:8"), Shard: "b"}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := table.Estimates(t.Context(), db, m, "a")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 {
		t.Errorf("%d entries: %v", len(got), got)
	}
	for i, e := range m.Entries() {
		if e.Shard != "a" {
			continue
		}
		// Members pinned to the other shard have no rows here, or stale ones that count for their range.
		n, members := truth(t, db, table, func(id shard.Member) bool { return m.Lookup(id) == i || id == shard.Int(8) && e.Span.Covers(id) })
		if x := got[e.Span]; x.Rows != n || x.Members != members || !x.Exact {
			t.Errorf("%s: %+v, there are %d rows of %d members", e.Span, x, n, members)
		}
	}
	loose, err := table.EstimateWithin(t.Context(), db, []shard.Span{mustSpan(t, "-40"), mustSpan(t, "member:7"), mustSpan(t, "member:-5")}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if e := loose[mustSpan(t, "member:7")]; e.Exact || e.Rows < 1000 || e.Rows > 4000 {
		t.Errorf("the heavy pin: %+v", e)
	}
	if e := loose[mustSpan(t, "member:-5")]; !e.Exact || e.Rows != 0 {
		t.Errorf("the empty pin: %+v", e)
	}
}

// The server's own numbers are remembered for a day; ours are of now.
func TestEstimateIsFresh(t *testing.T) {
	db := open(t, 0)
	run(t, db, "CREATE TABLE t (m INT, id INT, v VARCHAR(200), PRIMARY KEY (m, id))")
	table := inspect(t, db, sharded("m", "t")...)[0]
	if e, err := table.Estimate(t.Context(), db, mustSpan(t, "-")); err != nil || e.Rows != 0 || e.Members != 0 || !e.Exact {
		t.Fatalf("%+v, %v", e, err)
	}
	ask[int](t, db, "SELECT COALESCE(TABLE_ROWS, 0) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()") // and remembers
	run(t, db, "SET SESSION cte_max_recursion_depth = 20000",
		"INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 9999) SELECT i, 0, REPEAT('x', 200) FROM n", "ANALYZE TABLE t")
	e, err := table.Estimate(t.Context(), db, mustSpan(t, "-"))
	if err != nil || e.Rows != 10_000 || e.Bytes < 2_000_000 || e.Bytes > 8_000_000 {
		t.Errorf("%+v, %v", e, err)
	}
	list, err := table.EstimateWithin(t.Context(), db, []shard.Span{mustSpan(t, "-")}, 10)
	if e := list[mustSpan(t, "-")]; err != nil || e.Rows < 5_000 || e.Rows > 20_000 {
		t.Errorf("%+v, %v", e, err)
	}
	if expiry := ask[int](t, db, "SELECT @@SESSION.information_schema_stats_expiry"); expiry != 86400 {
		t.Errorf("the session is left with %d", expiry)
	}
}

func TestMiddle(t *testing.T) {
	db := open(t, 0)
	table := uneven(t, db, "uneven")
	second := uneven(t, db, "second")
	for _, s := range []string{"-", "-80", "80-", "40-c0", "10-11"} {
		r := mustSpan(t, s).Range
		at, err := rows.Middle(t.Context(), db, []rows.Table{table, second, {Name: "absent", Missing: true}}, r)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		low, high, err := r.Split(at)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		below, _ := truth(t, db, table, shard.Span{Range: low}.Covers)
		above, _ := truth(t, db, table, shard.Span{Range: high}.Covers)
		// No other cut is much nearer to the middle.
		weights, err := rows.Weigh(t.Context(), db, []rows.Table{table}, r, math.MaxUint64, true)
		if err != nil {
			t.Fatal(err)
		}
		total, best := float64(below+above), math.Inf(1)
		for m := range weights {
			sum := 0.0
			for o, w := range weights {
				if o.KeyspaceID() < m.KeyspaceID() {
					sum += w
				}
			}
			if sum > 0 {
				best = min(best, math.Abs(sum-total/2))
			}
		}
		if off := math.Abs(float64(below) - total/2); off > max(best, total*0.02)+0.5 {
			t.Errorf("%s cut at %s: %d rows below, %d above; %.0f is the nearest", s, at, below, above, best)
		}
		if s == "-" && at<<16 != 0 {
			t.Errorf("%s cut at %s, with more digits than it takes", s, at)
		}
	}
}

func TestNoMiddle(t *testing.T) {
	db := open(t, 0)
	run(t, db, "CREATE TABLE t (m INT, id INT, PRIMARY KEY (m, id))")
	tables := inspect(t, db, sharded("m", "t")...)
	if _, err := rows.Middle(t.Context(), db, tables, shard.Full); !errors.Is(err, rows.ErrNoMiddle) {
		t.Errorf("of an empty table: %v", err)
	}
	run(t, db, "INSERT INTO t VALUES (7, 1), (7, 2)")
	if _, err := rows.Middle(t.Context(), db, tables, shard.Full); !errors.Is(err, rows.ErrNoMiddle) {
		t.Errorf("of one member: %v", err)
	}
	run(t, db, "INSERT INTO t VALUES (8, 1)")
	at, err := rows.Middle(t.Context(), db, tables, shard.Full)
	if seven, eight := shard.Int(7).KeyspaceID(), shard.Int(8).KeyspaceID(); err != nil || (at <= seven) == (at <= eight) {
		t.Errorf("two members are cut at %s: %v", at, err)
	}
	r := shard.Range{Start: shard.Int(7).KeyspaceID(), End: shard.Int(7).KeyspaceID() + 1}
	if _, err := rows.Middle(t.Context(), db, tables, r); !errors.Is(err, rows.ErrNoMiddle) {
		t.Errorf("of a range with one of them: %v", err)
	}
}

func TestHeavy(t *testing.T) {
	db := open(t, 0)
	table := uneven(t, db, "uneven")
	second := uneven(t, db, "second")
	list, err := rows.Heavy(t.Context(), db, []rows.Table{table, second}, shard.Full, 3)
	if err != nil {
		t.Fatal(err)
	}
	n := ask[uint64](t, db, "SELECT COUNT(*) FROM uneven WHERE member_id = 7")
	if len(list) != 3 || list[0] != (rows.MemberRows{Member: shard.Int(7), Rows: 2 * n}) || list[1].Rows < list[2].Rows {
		t.Errorf("%v", list)
	}
	k := shard.Int(7).KeyspaceID()
	if list, err = rows.Heavy(t.Context(), db, []rows.Table{table}, shard.Range{Start: k + 1}, 1); err != nil || len(list) != 1 || list[0].Member == shard.Int(7) {
		t.Errorf("%v, %v", list, err)
	}
	if list, err = rows.Heavy(t.Context(), db, []rows.Table{table}, shard.Range{Start: k, End: k + 1}, 10); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// Of a table too large to be counted the members seen stand for the others.
func TestWeighScales(t *testing.T) {
	db := open(t, 0)
	table := uneven(t, db, "uneven")
	sum := func(scaled bool) (total float64) {
		weights, err := rows.Weigh(t.Context(), db, []rows.Table{table}, shard.Full, 1000, scaled)
		if err != nil {
			t.Fatal(err)
		}
		if len(weights) >= 5000 {
			t.Errorf("all %d members were counted", len(weights))
		}
		for _, w := range weights {
			total += w
		}
		return total
	}
	if plain, scaled := sum(false), sum(true); plain > 8000 || scaled < 9000 || scaled > 18000 {
		t.Errorf("%.0f rows counted, and taken for %.0f of 12,000", plain, scaled)
	}
}

// What is removed is what was asked for, by the index, some at a time.
func TestDelete(t *testing.T) {
	db := open(t, 0)
	for _, tt := range []struct{ name, keys string }{
		{"primary", "PRIMARY KEY (m, id)"},
		{"another index", "PRIMARY KEY (id, m), KEY (m)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, db, "DROP TABLE IF EXISTS t", "CREATE TABLE t (m INT, id INT, v INT, "+tt.keys+")", "SET SESSION cte_max_recursion_depth = 20000",
				"INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 9999) SELECT i MOD 2000, i, 0 FROM n", "ANALYZE TABLE t")
			table := inspect(t, db, sharded("m", "t")...)[0]
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()                          //nolint:errcheck // it only goes back to the pool
			ask[int](t, conn, "SELECT COUNT(*) FROM t") // opens the table, which reads others
			for _, step := range []struct {
				members []shard.Member
				limit   int
				n       int64
				more    bool
			}{
				{members(3, 4, 99999), 3, 3, true},
				{members(3, 4, 99999), 100, 7, false},
				{members(3, 4, 99999), 100, 0, false},
				{nil, 100, 0, false},
				{[]shard.Member{mustMember(t, "no number")}, 100, 0, false},
				{upTo(1500), 20, 20, true},
				{upTo(1500), 20_000, 1498*5 - 20, false},
			} {
				run(t, conn, "FLUSH STATUS")
				n, more, err := table.Delete(t.Context(), conn, step.members, step.limit)
				if err != nil || n != step.n || more != step.more {
					t.Errorf("%d members, at most %d: %d, %v, %v; want %d, %v", len(step.members), step.limit, n, more, err, step.n, step.more)
				}
				// It reads what it removes, and per member one entry beyond it; a
				// few reads are of the server's dictionary. A scan is 10,000.
				if reads := handlerReads(t, conn); reads > 2*(len(step.members)+int(n))+50 {
					t.Errorf("%d members, at most %d: %d reads for %d rows", len(step.members), step.limit, reads, n)
				}
			}
			if left := ask[int](t, db, "SELECT COUNT(*) FROM t WHERE m < 1500"); left != 0 {
				t.Errorf("%d rows are left", left)
			}
			if left := ask[int](t, db, "SELECT COUNT(*) FROM t"); left != 2500 {
				t.Errorf("%d rows of others are left", left)
			}
			run(t, conn, "BEGIN")
			if n, _, err := table.Delete(t.Context(), conn, members(1999), 10); err != nil || n != 5 {
				t.Errorf("%d, %v", n, err)
			}
			run(t, conn, "ROLLBACK")
			if left := ask[int](t, db, "SELECT COUNT(*) FROM t"); left != 2500 {
				t.Errorf("after a rollback %d rows are there", left)
			}
		})
	}
}

func upTo(n int) (list []shard.Member) {
	for i := range n {
		list = append(list, shard.Int(int64(i)))
	}
	return list
}
