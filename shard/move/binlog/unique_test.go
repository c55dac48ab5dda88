package binlog_test

import (
	"errors"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/berthdb/berth/shard/move/binlog"
)

const uniqueTable = "CREATE TABLE t (id INT PRIMARY KEY, u INT, w VARCHAR(10), v INT, UNIQUE KEY uu (u), UNIQUE KEY ww (w), KEY (v))"

func TestIdempotentOverwritesWhatClashes(t *testing.T) {
	p := newPair(t)
	p.both(uniqueTable)
	// Rows of the target that clash by the primary key, by one other key, and
	// three of them at once.
	p.onTarget("INSERT INTO t VALUES (1, 100, 'old', 0), (20, 2, 'x', 0), (30, 300, 'c', 0), (31, 3, 'y', 0), (3, 301, 'z', 0), (99, 999, 'stays', 9)")
	p.onSource("INSERT INTO t VALUES (1, 1, 'a', 1), (2, 2, 'b', 2), (3, 3, 'c', 3)")
	p.apply()
	p.onSource("INSERT INTO t VALUES (99, 999, 'stays', 9)")
	p.same("SELECT * FROM t ORDER BY id")

	// Deleting what is not there, writing what is there already.
	p.onTarget("DELETE FROM t WHERE id = 2")
	p.onSource("DELETE FROM t WHERE id = 2")
	p.apply()
	p.same("SELECT * FROM t ORDER BY id")
	p.same("SELECT u, w, v FROM t FORCE INDEX (uu) ORDER BY u")
	p.same("SELECT u, w, v FROM t FORCE INDEX (ww) ORDER BY w")
}

// Two rows exchange a unique value: on the way each clashes with the other.
func TestIdempotentExchange(t *testing.T) {
	p := newPair(t)
	p.both(uniqueTable)
	p.onSource("INSERT INTO t VALUES (1, 1, 'a', 1), (2, 2, 'b', 2)")
	p.apply()
	p.onSource("BEGIN", "UPDATE t SET u = NULL WHERE id = 1", "UPDATE t SET u = 1 WHERE id = 2", "UPDATE t SET u = 2 WHERE id = 1", "COMMIT")
	p.apply()
	p.same("SELECT * FROM t ORDER BY id")
}

func TestStrictRefuses(t *testing.T) {
	for _, tt := range []struct {
		name           string
		target, source string
		number         uint16
	}{
		{"a key that is there", "INSERT INTO t VALUES (1, 5, 'p', 0)", "INSERT INTO t VALUES (1, 1, 'a', 1)", 1062},
		{"a unique value that is there", "INSERT INTO t VALUES (7, 1, 'p', 0)", "INSERT INTO t VALUES (1, 1, 'a', 1)", 1062},
		{"a row that is missing", "DELETE FROM t", "DELETE FROM t WHERE id = 50", 1032},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t)
			p.mode = binlog.Strict
			p.both(uniqueTable, "INSERT INTO t VALUES (50, 50, 'there', 0)")
			p.connect()
			p.onTarget(tt.target)
			p.onSource("INSERT INTO t VALUES (60, 60, 'first', 6)") // applied before the one that fails
			p.apply()
			p.onSource(tt.source)
			before := answer(t, p.b, "SELECT * FROM t ORDER BY id")
			err := p.tryApply()
			if e := new(mysql.MySQLError); !errors.As(err, &e) || e.Number != tt.number {
				t.Errorf("got %v, want error %d", err, tt.number)
			}
			if after := answer(t, p.b, "SELECT * FROM t ORDER BY id"); len(after) != len(before) {
				t.Errorf("the target changed from %v to %v", before, after)
			}
		})
	}
}
