package rows_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/rows"
)

func TestInspect(t *testing.T) {
	db := open(t, 0)
	run(t, db, "CREATE TABLE many (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, Member_id INT NOT NULL, e ENUM('a unsigned','b') DEFAULT 'b', twice INT AS (member_id * 2) STORED,"+
		" hidden VARCHAR(5) CHARACTER SET latin1 NOT NULL DEFAULT 'it''s' INVISIBLE, at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),"+
		" PRIMARY KEY (id, member_id), KEY long_one (member_id, e, id), KEY short (member_id), UNIQUE KEY mail (hidden(3)), UNIQUE KEY ((twice + 1)), CONSTRAINT positive CHECK (member_id > 0)) AUTO_INCREMENT = 77")
	run(t, db, "CREATE VIEW seen AS SELECT 1 AS member_id")
	tables := inspect(t, db, append(sharded("member_id", "many", "absent", "seen"), shard.Table{Name: "countries", Kind: shard.Reference})...)
	if len(tables) != 3 || tables[0].Missing || !tables[1].Missing || !tables[2].Missing {
		t.Fatalf("%+v", tables)
	}
	many := tables[0]
	if many.Member != "Member_id" || many.MemberIndex != "short" || many.Engine != "InnoDB" || many.Partitioned || many.MemberType() != shard.Integer || !strings.Contains(strings.Join(many.Problems(), " "), "does not hold the member column") {
		t.Errorf("%+v", many)
	}
	if strings.Contains(many.Definition, "AUTO_INCREMENT=") || !strings.Contains(many.Definition, "CONSTRAINT `positive`") {
		t.Errorf("definition: %s", many.Definition)
	}
	if len(many.Unique) != 2 || !slices.Equal(many.PrimaryKey, []string{"id", "Member_id"}) {
		t.Errorf("keys: %v, %v", many.PrimaryKey, many.Unique)
	}
	want := []string{
		"`id` bigint unsigned NOT NULL AUTO_INCREMENT",
		"`Member_id` int NOT NULL",
		"`e` enum('a unsigned','b') CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci DEFAULT 'b'",
		"`twice` int AS ((`member_id` * 2)) STORED",
		"`hidden` varchar(5) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL DEFAULT 'it''s' INVISIBLE",
		"`at` timestamp(3) NOT NULL DEFAULT (CURRENT_TIMESTAMP(3)) ON UPDATE CURRENT_TIMESTAMP(3)",
	}
	for i, c := range many.Columns {
		if c.String() != want[i] {
			t.Errorf("column %s, want %s", c, want[i])
		}
	}
	if id := many.Columns[0]; !id.Unsigned || many.Columns[2].Unsigned || !many.Columns[4].Invisible {
		t.Errorf("%+v", many.Columns)
	}
}

func TestMemberIndex(t *testing.T) {
	db := open(t, 0)
	for _, tt := range []struct{ name, keys, want string }{
		{"primary", "PRIMARY KEY (m, id), KEY a (m)", "PRIMARY"},
		{"shortest", "PRIMARY KEY (id, m), KEY a (m, a), KEY b (m)", "b"},
		{"not a prefix", "PRIMARY KEY (id, m), KEY a (m, b(3)), KEY b (m, a, b)", "b"},
		{"not descending", "PRIMARY KEY (id, m), KEY a (m DESC), KEY b (m, a, b)", "b"},
		{"not invisible", "PRIMARY KEY (id, m), KEY a (m) INVISIBLE, KEY b (m, a)", "b"},
		{"the only one", "PRIMARY KEY (id, m), KEY a (m, b(3))", "a"},
		{"none", "PRIMARY KEY (id, m), KEY a (a, m)", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, db, "DROP TABLE IF EXISTS t", "CREATE TABLE t (id INT, m INT, a INT, b VARCHAR(10), "+tt.keys+")")
			if got := inspect(t, db, sharded("m", "t")...)[0].MemberIndex; got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestProblemsAndWarnings(t *testing.T) {
	db := open(t, 0)
	run(t, db, "CREATE TABLE parents (m INT NOT NULL, id INT NOT NULL, PRIMARY KEY (m, id))",
		"CREATE TABLE countries (code CHAR(2) PRIMARY KEY)", "CREATE TABLE plans (id INT PRIMARY KEY)", "CREATE TABLE unlisted (id INT PRIMARY KEY)")
	catalogue := []shard.Table{{Name: "parents", Kind: shard.Sharded, MemberColumn: "m"}, {Name: "countries", Kind: shard.Reference}, {Name: "plans", Kind: shard.Global, Shard: "a"}}
	for _, tt := range []struct {
		name, define string
		problems     []string // a word of each, in order
		warnings     []string
		more         string // a statement after it
	}{
		{name: "fine", define: "m INT NOT NULL, id INT, PRIMARY KEY (m, id)"},
		{name: "fine string", define: "m VARCHAR(40) COLLATE utf8mb4_bin NOT NULL, id INT, PRIMARY KEY (m, id)"},
		{name: "no primary key", define: "m INT NOT NULL, KEY (m)", problems: []string{"ADD PRIMARY KEY (`m`"}},
		{name: "colliding ids", define: "id INT AUTO_INCREMENT PRIMARY KEY, m INT NOT NULL, KEY (m)",
			problems: []string{"AUTO_INCREMENT id, and rows of different members will collide; ALTER TABLE"}},
		{name: "no index", define: "id INT, m INT NOT NULL, PRIMARY KEY (id, m)", problems: []string{"ADD INDEX (`m`)"}},
		{name: "engine", define: "m INT PRIMARY KEY) ENGINE=MyISAM COMMENT=('", problems: []string{"MyISAM"}},
		{name: "latin1 member", define: "m VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin PRIMARY KEY", problems: []string{"latin1, whose bytes"}},
		{name: "loose collation", define: "m VARCHAR(9) PRIMARY KEY", problems: []string{"different ids are equal"}},
		{name: "text member", define: "m TEXT NOT NULL, id INT, PRIMARY KEY (id, m(9)), KEY (m(10))", problems: []string{"VARCHAR", "no index begins", "PRIMARY KEY (`m`, `id`)"}},
		{name: "double member", define: "m DOUBLE PRIMARY KEY", problems: []string{"m is double"}},
		{name: "null member", define: "id INT, m INT, KEY (m), PRIMARY KEY (id)", problems: []string{"may be NULL", "does not tell members apart"}},
		{name: "generated member", define: "id INT, m INT AS (id) STORED NOT NULL, PRIMARY KEY (m, id)", problems: []string{"generated"}},
		{name: "insert trigger", define: "m INT PRIMARY KEY, a INT", more: "CREATE TRIGGER noisy BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1", problems: []string{"noisy"}, warnings: []string{"noisy"}},
		{name: "guarded trigger", define: "m INT PRIMARY KEY, a INT", warnings: []string{"quiet"},
			more: "CREATE TRIGGER quiet BEFORE INSERT ON t FOR EACH ROW SET NEW.a = IF(@berth_move IS NULL, 1, NEW.a)"},
		{name: "shared key", define: "m INT PRIMARY KEY, a INT, UNIQUE KEY lone (a)", problems: []string{"lone (a) does not hold the member column"}},
		{name: "counter", define: "m INT, id INT AUTO_INCREMENT, PRIMARY KEY (m, id), KEY (id)", warnings: []string{"counts AUTO_INCREMENT"}},
		{name: "sorting", define: "id INT, m INT, b VARCHAR(30), PRIMARY KEY (id, m), KEY part (m, b(3))", warnings: []string{"part"}},
		{name: "foreign key within", define: "m INT, p INT, PRIMARY KEY (m, p), FOREIGN KEY (m, p) REFERENCES parents (m, id)"},
		{name: "foreign key cascades", define: "m INT, p INT, PRIMARY KEY (m, p), CONSTRAINT f FOREIGN KEY (m, p) REFERENCES parents (m, id) ON DELETE CASCADE", problems: []string{"f changes rows"}},
		{name: "foreign key crosses", define: "m INT, p INT, PRIMARY KEY (m, p), CONSTRAINT f FOREIGN KEY (p, m) REFERENCES parents (m, id)", problems: []string{"f to table parents"}},
		{name: "foreign key to reference", define: "m INT, c CHAR(2), PRIMARY KEY (m), FOREIGN KEY (c) REFERENCES countries (code)"},
		{name: "foreign key to global", define: "m INT, p INT, PRIMARY KEY (m), CONSTRAINT f FOREIGN KEY (p) REFERENCES plans (id)", problems: []string{"one shard only"}},
		{name: "foreign key to unlisted", define: "m INT, p INT, PRIMARY KEY (m), CONSTRAINT f FOREIGN KEY (p) REFERENCES unlisted (id)", problems: []string{"does not list"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			define := "CREATE TABLE t (" + strings.Replace(tt.define, "COMMENT=('", "COMMENT='", 1)
			if strings.Contains(tt.define, "COMMENT") {
				define += "'"
			} else {
				define += ")"
			}
			run(t, db, "DROP TABLE IF EXISTS t", define)
			if tt.more != "" {
				run(t, db, tt.more)
			}
			got := inspect(t, db, append(sharded("m", "t"), catalogue...)...)[0]
			words(t, "problems", got.Problems(), tt.problems)
			words(t, "warnings", got.Warnings(), tt.warnings)
		})
	}
	missing := inspect(t, db, sharded("m", "none")...)[0]
	words(t, "problems of a missing table", missing.Problems(), []string{"does not have it"})
}

func words(t *testing.T, what string, got, want []string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := 0; ok && i < len(got); i++ {
		ok = strings.Contains(got[i], want[i])
	}
	if !ok {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestDifferences(t *testing.T) {
	db := open(t, 0)
	const base = "m INT NOT NULL, id INT, a VARCHAR(10) DEFAULT 'x', PRIMARY KEY (m, id)"
	for _, tt := range []struct {
		name, source, target string
		want                 []string
	}{
		{"same", base, base, nil},
		{"index only", base, base + ", KEY (a)", nil},
		{"type", base, strings.Replace(base, "10", "11", 1), []string{"varchar(10)", "varchar(11)"}},
		{"collation", base, strings.Replace(base, "DEFAULT", "COLLATE utf8mb4_bin DEFAULT", 1), []string{"0900_ai_ci", "utf8mb4_bin"}},
		{"default", base, strings.Replace(base, "'x'", "'y'", 1), []string{"'x'", "'y'"}},
		{"order", base, "m INT NOT NULL, a VARCHAR(10) DEFAULT 'x', id INT, PRIMARY KEY (m, id)", []string{"another order"}},
		{"primary key", base, strings.Replace(base, "m, id", "id, m", 1), []string{"(m, id)", "(id, m)"}},
		{"unique key", base + ", UNIQUE KEY u (a, m)", base, []string{"(a, m)"}},
		{"check", base, base + ", CONSTRAINT c CHECK (id > 0)", []string{"c: "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, db, "DROP TABLE IF EXISTS t", "CREATE TABLE t ("+tt.source+")")
			source := inspect(t, db, sharded("m", "t")...)[0]
			run(t, db, "DROP TABLE t", "CREATE TABLE t ("+tt.target+")")
			words(t, "differences", rows.Differences(source, inspect(t, db, sharded("m", "t")...)[0]), tt.want)
		})
	}
	run(t, db, "DROP TABLE IF EXISTS t", "CREATE TABLE t ("+base+")")
	have, lack := inspect(t, db, sharded("m", "t")...)[0], inspect(t, db, sharded("m", "none")...)[0]
	words(t, "target lacks it", rows.Differences(have, lack), []string{"CREATE TABLE"})
	words(t, "source lacks it", rows.Differences(lack, have), []string{"source does not"})
}
