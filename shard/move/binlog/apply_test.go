package binlog_test

import "testing"

func TestRowsArriveUnderAnotherDatabase(t *testing.T) {
	p := newPair(t)
	p.both("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(50), j JSON)")
	p.onSource(
		`INSERT INTO t VALUES (1, 'a', '{"x": 1.50}'), (2, 'b', NULL), (3, NULL, '[]')`,
		"UPDATE t SET name = 'changed' WHERE id = 2",
		"UPDATE t SET id = 9 WHERE id = 3",
		"DELETE FROM t WHERE id = 1",
	)
	p.apply()
	p.same("SELECT * FROM t ORDER BY id")
}
