package binlog_test

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatCannotBeAppliedIsSaid(t *testing.T) {
	const table = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), b BLOB, j JSON)"
	const row = `INSERT INTO t VALUES (1, 'a', 'b', '{"k": 1, "long": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}')`
	for _, tt := range []struct {
		name       string
		statements []string
		reason     string
		next       string
		database   bool // and which table
	}{
		{"minimal image", []string{"SET binlog_row_image = MINIMAL", "UPDATE t SET v = 'b'"}, "without some of their columns", "binlog_row_image=FULL", true},
		{"no blobs", []string{"SET binlog_row_image = NOBLOB", "UPDATE t SET v = 'b'"}, "without some of their columns", "binlog_row_image=FULL", true},
		{"minimal delete", []string{"SET binlog_row_image = MINIMAL", "DELETE FROM t"}, "without some of their columns", "binlog_row_image=FULL", true},
		{"partial JSON", []string{"SET binlog_row_value_options = PARTIAL_JSON", "UPDATE t SET j = JSON_SET(j, '$.k', 2)"}, "parts of JSON values", "binlog_row_value_options=''", true},
		{"XA prepared", []string{"XA START 'x'", "UPDATE t SET v = 'b'", "XA END 'x'", "XA PREPARE 'x'", "XA COMMIT 'x'"}, "XA transaction changed it", "XA RECOVER", true},
		{"XA in one phase", []string{"XA START 'y'", "UPDATE t SET v = 'b'", "XA END 'y'", "XA COMMIT 'y' ONE PHASE"}, "XA transaction changed it", "XA RECOVER", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t)
			p.both(table)
			p.onSource(row)
			p.apply()
			before := answer(t, p.b, "SELECT * FROM t")
			p.onSource(tt.statements...)
			p.apply()
			if len(p.skipped) == 0 {
				t.Fatal("nothing was said")
			}
			said := p.skipped[0]
			if said.Database != p.source.Database || said.Table != "t" || !strings.Contains(said.Reason, tt.reason) || !strings.Contains(said.Next, tt.next) {
				t.Errorf("said %+v", said)
			}
			if after := answer(t, p.b, "SELECT * FROM t"); !slices.Equal(before, after) {
				t.Errorf("applied all the same: %v, then %v", before, after)
			}
			// And what is said here is what helps.
			p.onSource("UPDATE t SET v = 'full again', j = '[]', b = 'b' WHERE id = 1", row2)
			p.skipped = nil
			p.apply()
			p.same("SELECT * FROM t WHERE id = 2")
			if len(p.skipped) > 0 {
				t.Errorf("with the settings right: %+v", p.skipped)
			}
		})
	}
}

const row2 = `INSERT INTO t VALUES (2, 'a', 'b', '{"k": 1}')`

// A commit of what was prepared before the stream began.
func TestCommitOfPreparedXA(t *testing.T) {
	p := newPair(t)
	p.both("CREATE TABLE t (id INT PRIMARY KEY)")
	p.onSource("XA START 'z'", "INSERT INTO t VALUES (1)", "XA END 'z'", "XA PREPARE 'z'")
	p.skipTo(executed(t, p.a))
	p.onSource("XA COMMIT 'z'")
	p.apply()
	if len(p.skipped) != 1 || p.skipped[0].Database != "" || p.skipped[0].Table != "" {
		t.Errorf("said %+v", p.skipped)
	}
	p.skipped = nil
	p.onSource("XA START 'z'", "INSERT INTO t VALUES (2)", "XA END 'z'", "XA PREPARE 'z'")
	p.skipTo(executed(t, p.a))
	p.onSource("XA ROLLBACK 'z'")
	p.apply()
	if len(p.skipped) > 0 {
		t.Errorf("a rollback: said %+v", p.skipped)
	}
}

func TestStatements(t *testing.T) {
	p := newPair(t)
	p.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))")
	p.onSource("BEGIN", "INSERT INTO t VALUES (1, 'row')", "SAVEPOINT s", "INSERT INTO t VALUES (2, 'gone')", "ROLLBACK TO s", "SAVEPOINT `B`", "INSERT INTO t VALUES (3, 'row')", "RELEASE SAVEPOINT B", "COMMIT",
		"SET SESSION binlog_format = STATEMENT", "INSERT INTO t VALUES (4, 'text')", "SET SESSION binlog_format = ROW",
		"ALTER TABLE t ADD COLUMN more INT", "CREATE TABLE made AS SELECT * FROM t", "INSERT INTO t VALUES (5, 'row', 5)",
		"CREATE TEMPORARY TABLE temp (id INT)", "INSERT INTO temp VALUES (1)", "DROP TEMPORARY TABLE temp", "TRUNCATE TABLE made")
	end := executed(t, p.a)
	var story []string
	for !p.stream.Received().Contains(end) {
		story = append(story, p.tell(p.next()))
	}
	want := []string{
		"begin", "insert t", "insert t", "commit",
		"begin", "INSERT INTO t VALUES (4, 'text')", "commit",
		"begin", "ALTER TABLE t ADD COLUMN more INT", "commit",
		"begin", "CREATE TABLE `made` ( START TRANSACTION", "insert made", "commit",
		"begin", "insert t", "commit",
		"begin", "TRUNCATE TABLE made", "commit",
	}
	if !slices.Equal(story, want) {
		t.Errorf("got  %q\nwant %q", story, want)
	}
}
