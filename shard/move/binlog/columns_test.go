package binlog_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/binlog"
)

// Every collation of the server, as CHAR and as VARCHAR. The character set that
// Member goes by is the server's own.
func TestEveryCollation(t *testing.T) {
	p := newPair(t)
	known := map[string]bool{"utf8mb4": true, "utf8mb3": true, "ascii": true, "latin1": true, "binary": true}
	all := answer(t, p.a, "SELECT CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLLATIONS ORDER BY ID")
	for part := range slices.Chunk(all, 50) {
		var columns, names, values, charsets []string
		for i, row := range part {
			f := strings.Split(strings.ReplaceAll(row, "true:", ""), "|")
			charsets = append(charsets, f[0])
			columns = append(columns, fmt.Sprintf("c%d CHAR(3) CHARACTER SET %s COLLATE %s, v%[1]d VARCHAR(8) CHARACTER SET %[2]s COLLATE %[3]s", i, f[0], f[1]))
			names = append(names, fmt.Sprintf("HEX(c%d), HEX(v%[1]d)", i))
			values = append(values, "'aé', 'b ß? '")
		}
		p.both("DROP TABLE IF EXISTS t", "CREATE TABLE t (id INT PRIMARY KEY, "+strings.Join(columns, ", ")+")")
		p.onSource(anyValue, "INSERT INTO t VALUES (1, "+strings.Join(values, ",")+")")
		rows := p.nextRows()
		p.applyRows(rows)
		p.same("SELECT " + strings.Join(names, ",") + " FROM t")
		for i, charset := range charsets {
			for column := 2*i + 1; column <= 2*i+2; column++ {
				_, err := rows.Table.Member(rows.After[0], column, false, shard.String)
				if refused := err != nil && strings.Contains(err.Error(), "of none of the character sets"); refused == known[charset] {
					t.Errorf("member in a column of %s: %v", part[i], err)
				}
			}
		}
	}
}

func TestColumnsThatTheServerFills(t *testing.T) {
	p := newPair(t)
	p.both(`CREATE TABLE t (
		id INT PRIMARY KEY,
		a VARCHAR(20) DEFAULT (UUID()),
		hidden INT INVISIBLE DEFAULT 7,
		virt INT AS (id * 2) VIRTUAL,
		kept VARCHAR(40) AS (CONCAT(a, '!')) STORED,
		j JSON,
		at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
		last BIGINT UNSIGNED,
		KEY functional ((hidden + 1), (LOWER(a))),
		KEY multi ((CAST(j->'$[*]' AS UNSIGNED ARRAY))),
		KEY kept_key (kept), KEY virtual_key (virt))`)
	p.both("CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(20))")
	for _, event := range []string{"INSERT", "UPDATE", "DELETE"} {
		if _, err := p.b.ExecContext(t.Context(), "CREATE TRIGGER after_"+event+" AFTER "+event+" ON t FOR EACH ROW INSERT INTO log (what) VALUES ('"+event+"')"); err != nil {
			t.Fatal(err)
		}
	}
	const query = "SELECT id, a, hidden, virt, kept, j, at, last FROM t ORDER BY id"
	for _, step := range [][]string{
		{"INSERT INTO t (id, a, j, last) VALUES (1, 'x', '[1,2,3]', 5), (3, DEFAULT, NULL, NULL)", "INSERT INTO t (id, a, hidden) VALUES (4, 'Y', NULL)"},
		{"UPDATE t SET a = 'changed', j = '[9]', hidden = 8 WHERE id = 1"},
		{"UPDATE t SET id = 33 WHERE id = 3"},
		{"DELETE FROM t WHERE id = 4"},
	} {
		p.onSource(append([]string{"SET sql_mode = ''"}, step...)...)
		p.apply()
		p.same(query)
		p.same("SELECT COUNT(*) FROM t WHERE 9 MEMBER OF (j->'$[*]') OR 2 MEMBER OF (j->'$[*]')")
		p.same("SELECT id FROM t WHERE hidden + 1 = 9 UNION ALL SELECT 0")
	}
	if fired := answer(t, p.b, "SELECT COUNT(*) FROM log"); fired[0] != "true:0|" {
		t.Errorf("triggers of the target fired: %v", answer(t, p.b, "SELECT what FROM log"))
	}
	if check := answer(t, p.b, "CHECK TABLE t EXTENDED"); !strings.HasSuffix(check[0], "true:OK|") {
		t.Errorf("indexes of the target: %v", check)
	}
}

func TestGeneratedInvisiblePrimaryKey(t *testing.T) {
	p := newPair(t)
	for _, db := range []*sql.DB{p.a, p.b} {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, s := range []string{"SET SESSION sql_generate_invisible_primary_key = ON", "CREATE TABLE t (v INT)", "SET SESSION sql_generate_invisible_primary_key = OFF"} {
			if _, err := conn.ExecContext(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.onSource("INSERT INTO t (v) VALUES (1), (2), (3)", "UPDATE t SET v = 9 WHERE v = 2", "DELETE FROM t WHERE v = 1")
	p.apply()
	p.same("SELECT my_row_id, v FROM t ORDER BY 1")
}

func TestAutoIncrementGoesOnAfterTheRows(t *testing.T) {
	p := newPair(t)
	p.both("CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, v INT)")
	p.onSource("INSERT INTO t VALUES (41, 1)", "UPDATE t SET id = 1000 WHERE id = 41")
	p.apply()
	if _, err := p.b.ExecContext(t.Context(), "INSERT INTO t (v) VALUES (2)"); err != nil {
		t.Fatal(err)
	}
	if got := answer(t, p.b, "SELECT id FROM t WHERE v = 2"); got[0] != "true:1001|" {
		t.Errorf("the next row has %v", got)
	}
}

// Rows of a table without its parent's, on a server that checks foreign keys.
func TestForeignKeysAreNotChecked(t *testing.T) {
	p := newPair(t)
	p.both("CREATE TABLE parent (id INT PRIMARY KEY)",
		"CREATE TABLE child (id INT PRIMARY KEY, parent INT, CONSTRAINT c FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE)")
	p.onSource("INSERT INTO parent VALUES (1), (2)")
	p.skipTo(executed(t, p.a))
	p.onSource("INSERT INTO child VALUES (10, 1), (20, 2)")
	p.apply()
	p.same("SELECT * FROM child ORDER BY id")

	// A parent written again is deleted and inserted by the server, and a child
	// must not go with it.
	p.onSource("UPDATE parent SET id = 3 WHERE id = 1", "UPDATE child SET parent = NULL WHERE id = 20")
	p.apply()
	p.same("SELECT * FROM parent WHERE id = 3")
	t.Logf("after a cascade: source %v, target %v", answer(t, p.a, "SELECT * FROM child"), answer(t, p.b, "SELECT * FROM child"))
	if got := answer(t, p.b, "SELECT @@foreign_key_checks"); got[0] != "true:1|" {
		t.Errorf("foreign_key_checks of the target: %v", got)
	}
}

// nextRows is the next rows of the source's database.
func (p *pair) nextRows() binlog.Rows {
	p.t.Helper()
	for {
		if e, ok := p.next().(binlog.Rows); ok && e.Table.Database == p.source.Database {
			return e
		}
	}
}

func (p *pair) applyRows(e binlog.Rows) {
	p.t.Helper()
	batch, err := binlog.NewBatch(p.stream.Format(), p.limit)
	if err == nil {
		err = p.add(batch, e)
	}
	if err == nil {
		err = p.commit(batch)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
