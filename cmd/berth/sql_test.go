package main

import "testing"

// TestStatementKinds: what may change something is never taken for a read.
func TestStatementKinds(t *testing.T) {
	for _, c := range []struct {
		statement   string
		reads, rows bool
	}{
		{"SELECT 1", true, true},
		{"  select 1", true, true},
		{"(SELECT 1) UNION (SELECT 2)", true, true},
		{"/* why */ -- and\n # so\n SELECT 1", true, true},
		{"SHOW TABLES", true, true},
		{"TABLE t", true, true},
		{"VALUES ROW(1)", true, true},
		{"WITH x AS (SELECT 1) SELECT * FROM x", true, true},
		{"EXPLAIN SELECT 1", true, true},
		{"EXPLAIN ANALYZE DELETE a FROM a JOIN b", false, true},
		{"SELECT 1 INTO OUTFILE '/tmp/x'", false, true},
		{"WITH x AS (SELECT 1) DELETE FROM t", false, false},
		{"INSERT INTO t VALUES (1)", false, false},
		{"/*! INSERT INTO t */ SELECT 1", false, false},
		{"/*!50000 DELETE FROM t */", false, false},
		{"/* never ends", false, false},
		{"UPDATE t SET a = 1", false, false},
		{"CHECK TABLE t", false, true},
		{"CREATE TABLE t (a INT)", false, false},
		{"SELECTED", false, false},
		{"", false, false},
	} {
		if got := readsOnly(c.statement); got != c.reads {
			t.Errorf("readsOnly(%q) is %t", c.statement, got)
		}
		if got := givesRows(c.statement); got != c.rows {
			t.Errorf("givesRows(%q) is %t", c.statement, got)
		}
	}
}
