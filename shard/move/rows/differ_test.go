package rows_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/rows"
)

const letters = "CREATE TABLE letters (m INT NOT NULL, id VARCHAR(20) NOT NULL, part BINARY(2) NOT NULL, title VARCHAR(200), body LONGBLOB, price DECIMAL(10,2), doc JSON," +
	" upper_title VARCHAR(200) AS (UPPER(title)) VIRTUAL, PRIMARY KEY (id, m, part), KEY (m))"

func TestCheckAndDiffer(t *testing.T) {
	a, b := open(t, 0), open(t, 1)
	fill := []string{letters, "SET SESSION cte_max_recursion_depth = 10000",
		"INSERT INTO letters (m, id, part, title, body, price, doc) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 1999)" +
			" SELECT i MOD 4, CONCAT('k', LPAD(i, 4, '0')), UNHEX('00ff'), CONCAT('title é ', i), REPEAT(UNHEX('00016162'), 1000), i / 100, '{\"a\": 1}' FROM n"}
	run(t, a, fill...)
	run(t, b, fill...)
	table := inspect(t, a, sharded("m", "letters")...)[0]
	all := members(0, 1, 2, 3, 99)
	agree, differ, err := table.Check(t.Context(), a, b, all)
	if err != nil || len(differ) != 0 || !slices.Equal(agree, all) {
		t.Fatalf("agree %v, differ %v, %v", agree, differ, err)
	}
	run(t, b,
		"UPDATE letters SET title = 'title é 4O' WHERE id = 'k0040'",                                                // m = 0
		"UPDATE letters SET body = CONCAT(LEFT(body, 2000), UNHEX('01'), SUBSTRING(body, 2002)) WHERE id = 'k0044'", // one bit
		"UPDATE letters SET price = NULL, doc = '{\"a\": 2}' WHERE id = 'k0048'",
		"DELETE FROM letters WHERE id = 'k0052'",
		"INSERT INTO letters (m, id, part) VALUES (0, 'it''s', 'x\\'')",
		"UPDATE letters SET id = 'K0056' WHERE id = 'k0056'", // the same to the key's collation
		"DELETE FROM letters WHERE m = 2",
		"INSERT INTO letters (m, id, part) VALUES (99, 'new', 'ab')",
	)
	agree, differ, err = table.Check(t.Context(), a, b, all)
	if err != nil || !slices.Equal(differ, members(0, 2, 99)) || !slices.Equal(agree, members(1, 3)) {
		t.Fatalf("agree %v, differ %v, %v", agree, differ, err)
	}
	words(t, "differences of member 0", differences(t, table, a, b, 0), []string{
		"table letters, row id='k0040', m=0, part=0x00ff, column title: 'title é 40' on the source, 'title é 4O' on the target",
		"table letters, row id='k0044', m=0, part=0x00ff, column body: 0x" + strings.Repeat("00016162", 12) + " (bytes 1989 to 2036 of 4000) on the source, 0x" +
			strings.Repeat("00016162", 3) + "01016162" + strings.Repeat("00016162", 8) + " (bytes 1989 to 2036 of 4000) on the target",
		"table letters, row id='k0048', m=0, part=0x00ff, column price: 0.48 on the source, NULL on the target",
		"table letters, row id='k0048', m=0, part=0x00ff, column doc: '{\"a\": 1}' on the source, '{\"a\": 2}' on the target",
		"table letters, row id='K0056', m=0, part=0x00ff: extra on the target",
		"table letters, row id='it''s', m=0, part=0x7827: extra on the target",
		"table letters, row id='k0052', m=0, part=0x00ff: missing on the target",
		"table letters, row id='k0056', m=0, part=0x00ff: missing on the target",
	})
	if list := differences(t, table, a, b, 2); len(list) != rows.MaxDiffering || !strings.HasSuffix(list[0], "id='k0002', m=2, part=0x00ff: missing on the target") {
		t.Errorf("%d, first %s", len(list), list[0])
	}
	words(t, "the other way", differences(t, table, b, a, 99), []string{"table letters, row id='new', m=99, part=0x6162: missing on the target"})
	words(t, "of equal members", differences(t, table, a, b, 1), nil)
}

func differences(t *testing.T, table rows.Table, a, b instance.DB, member int64) (list []string) {
	t.Helper()
	found, err := table.Differ(t.Context(), a, b, shard.Int(member))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		list = append(list, d.String())
	}
	return list
}

// One bit more or less shows in any column of any type.
func TestDifferShowsEveryType(t *testing.T) {
	a, b := open(t, 0), open(t, 1)
	connA, connB := relaxed(t, a), relaxed(t, b)
	for _, s := range samples {
		t.Run(s.define[:min(len(s.define), 40)], func(t *testing.T) {
			for _, conn := range []instance.DB{connA, connB} {
				run(t, conn, "DROP TABLE IF EXISTS t", "CREATE TABLE t (id INT, m INT, v "+s.define+", PRIMARY KEY (m, id))")
			}
			table := inspect(t, a, sharded("m", "t")...)[0]
			others := append(s.values[1:], "NULL")
			for i := range others {
				run(t, connA, fmt.Sprintf("INSERT INTO t VALUES (%d, 1, %s)", i, s.values[0]))
				run(t, connB, fmt.Sprintf("INSERT INTO t VALUES (%d, 1, %s)", i, others[i]))
			}
			list, err := table.Differ(t.Context(), a, b, shard.Int(1))
			if err != nil {
				t.Fatal(err)
			}
			// Values that the column keeps as the same one are no difference.
			same := 0
			source, target := lines(t, connA, "SELECT "+seen("v", s.define)+" FROM t ORDER BY id"), lines(t, connB, "SELECT "+seen("v", s.define)+" FROM t ORDER BY id")
			for i := range source {
				if source[i] == target[i] {
					same++
				}
			}
			if len(list) != len(others)-same {
				t.Errorf("%d of %d values were found to differ: %v", len(list), len(others)-same, list)
			}
			for _, d := range list {
				if d.Kind != rows.Differs || d.Column != "v" || d.Source == d.Target || len(d.Source) > 1000 {
					t.Errorf("%v", d)
				}
			}
		})
	}
}

// observed is a server on which something happens before a statement.
type observed struct {
	*sql.DB
	asked  int
	before func(n int)
}

func (o *observed) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	o.asked++
	o.before(o.asked)
	return o.DB.QueryContext(ctx, query, args...)
}

func TestRecheck(t *testing.T) {
	a, b := open(t, 0), open(t, 1)
	const table = "CREATE TABLE t (m INT, id INT, v INT, PRIMARY KEY (m, id))"
	run(t, a, table)
	run(t, b, table)
	shape := inspect(t, a, sharded("m", "t")...)[0]
	set := func(db instance.DB, v int) {
		run(t, db, fmt.Sprintf("UPDATE t SET v = %d WHERE m = 1", v))
	}
	type verdict struct{ agree, differ, inFlight []shard.Member }
	one := members(1)
	for _, tt := range []struct {
		name     string
		source   func(n int) // before a is asked, for the n-th time
		caughtUp func(n int) // as b catches up, for the n-th time
		want     verdict
	}{
		{"on its way", nil, func(int) { set(b, 1) }, verdict{agree: one}},
		{"it never arrives", nil, nil, verdict{differ: one}},
		{"it arrives as something else", nil, func(int) { set(b, 9) }, verdict{differ: one}},
		{"it arrives late, as a said too early that nothing is on its way", nil, func(n int) {
			if n == 2 {
				set(b, 1)
			}
		}, verdict{agree: one}},
		{"the source never stands still", nil, func(n int) { set(a, 10+n) }, verdict{inFlight: one}},
		{"the source changes in the second round", nil, func(n int) {
			if n == 2 {
				set(a, 10)
			}
		}, verdict{inFlight: one}},
		{"the source changes between the rounds", func(n int) {
			if n == 3 {
				set(a, 10)
			}
		}, nil, verdict{inFlight: one}},
		{"the source changes as it is looked at again", func(n int) {
			if n == 2 {
				set(a, 10)
			}
		}, nil, verdict{inFlight: one}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, a, "REPLACE INTO t VALUES (1, 1, 1), (2, 1, 5)")
			run(t, b, "REPLACE INTO t VALUES (1, 1, 0), (2, 1, 5)")
			source := &observed{DB: a, before: func(n int) {
				if tt.source != nil {
					tt.source(n)
				}
			}}
			waits := 0
			got, err := shape.Recheck(t.Context(), source, b, func(context.Context) error {
				if waits++; tt.caughtUp != nil {
					tt.caughtUp(waits)
				}
				return nil
			}, members(1, 2))
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(got.Agree, func(x, y shard.Member) int { return -strings.Compare(x.String(), y.String()) })
			want := rows.Verdict{Agree: append(members(2), tt.want.agree...), Differ: tt.want.differ, InFlight: tt.want.inFlight}
			if !slices.Equal(got.Agree, want.Agree) || !slices.Equal(got.Differ, want.Differ) || !slices.Equal(got.InFlight, want.InFlight) {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
	t.Run("it can't catch up", func(t *testing.T) {
		if _, err := shape.Recheck(t.Context(), a, b, func(context.Context) error { return context.DeadlineExceeded }, one); err == nil || !strings.Contains(err.Error(), "table t") {
			t.Error(err)
		}
	})
}
