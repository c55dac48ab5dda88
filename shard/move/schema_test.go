package move_test

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/move"
)

// A table of the source is altered while its rows are copied: the job stands
// still and says what to do. Done so on the target, it goes on, and both the
// rows of before and those written since are there.
func TestAlterWhileCopying(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(60, 20)
	low := mustRange(t, "-80")
	member := f.MemberOn(0, 0).String()
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Rate: 300}})
	f.until(job.ID, "copying some rows", func(j *move.Job) bool { return j.RowsCopied > 0 })
	// What does not concern the rows that move is no reason to stop.
	f.exec(f.Admin[0], "CREATE TABLE elsewhere (id INT PRIMARY KEY)")
	f.exec(f.Admin[0], "ALTER TABLE elsewhere ADD COLUMN contacts INT")
	f.exec(f.Admin[0], "ANALYZE TABLE contacts")
	f.exec(f.Admin[0], "UPDATE contacts SET name = 'before' WHERE id = 1")
	f.until(job.ID, "still copying", func(j *move.Job) bool { return j.Phase == move.Copying })

	const alter = "ALTER TABLE contacts ADD COLUMN city VARCHAR(20) NOT NULL DEFAULT 'nowhere'"
	f.exec(f.Admin[0], alter)
	f.exec(f.Admin[0], "UPDATE contacts SET city = 'Basel', name = 'after' WHERE id = 2")
	j := f.stopped(job.ID)
	for _, word := range []string{"table contacts", "shard s1", "the same change on shard s2", "berth job resume " + job.ID} {
		if !strings.Contains(j.Error, word) {
			t.Errorf("the error does not say %q: %s", word, j.Error)
		}
	}
	f.home(low, "s1")
	f.exec(f.Admin[0], "UPDATE contacts SET city = 'Genf', name = 'while paused' WHERE id = 3")

	// Resumed without that, it stops again, with nothing lost.
	f.ask(job.ID, move.WantRun)
	if j := f.stopped(job.ID); !strings.Contains(j.Error, "shard s2") {
		t.Errorf("resumed too soon: %s", j.Error)
	}
	f.exec(f.Admin[1], alter)
	if _, err := f.jobs.Ask(t.Context(), job.ID, move.WantRun, func(j *move.Job) { j.Options.Rate = 0 }); err != nil {
		t.Fatal(err)
	}
	f.phase(job.ID, move.Reversible)
	f.same(low)
	for where, want := range map[string]string{"name = 'after'": "Basel", "name = 'while paused'": "Genf", "id = 5": "nowhere"} {
		for place, db := range f.Admin {
			var n, right int
			err := db.QueryRowContext(t.Context(), "SELECT COUNT(*), COALESCE(SUM(city = ?), 0) FROM contacts WHERE member_id = ? AND "+where, want, member).Scan(&n, &right)
			if err != nil || n != 1 || right != n {
				t.Errorf("s%d has %d rows where %s, %d of them with city %s: %v", place+1, n, where, right, want, err)
			}
		}
	}

	// The same on the way back.
	const again = "ALTER TABLE notes ADD COLUMN seen INT"
	f.exec(f.Admin[1], again)
	f.exec(f.Admin[1], "UPDATE notes SET seen = 7")
	if j := f.stopped(job.ID); !strings.Contains(j.Error, "the same change on shard s1") || !strings.Contains(j.Error, "berth job complete "+job.ID) {
		t.Errorf("altered on the new owner: %s", j.Error)
	}
	f.exec(f.Admin[0], again)
	f.ask(job.ID, move.WantRun)
	f.eventually("the old owner that is current", func() bool {
		var n int
		if err := f.Admin[0].QueryRowContext(t.Context(), "SELECT COUNT(*) FROM notes WHERE member_id = ? AND seen = 7", member).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 20
	})
	f.ask(job.ID, move.WantRollback)
	f.phase(job.ID, move.RolledBack)
}

// The target's table is altered instead. Whether its server then refuses rows or
// takes a part of them, the range does not switch.
func TestAlterTheTarget(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(30, 10)
	low := mustRange(t, "-80")
	f.work()
	for _, c := range []struct{ name, alter, undo, says string }{
		{"a type", "MODIFY COLUMN name INT", "", "can't be applied"},
		{"a column less", "DROP COLUMN name", "ADD COLUMN name VARCHAR(100) NOT NULL DEFAULT ''", "the schema was changed on shard s2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := f.of(t)
			job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Hold: true}})
			f.phase(job.ID, move.Ready)
			f.exec(f.Admin[1], "DELETE FROM contacts")
			f.exec(f.Admin[1], "ALTER TABLE contacts "+c.alter)
			f.exec(f.Admin[0], "UPDATE contacts SET name = 'x'")
			if c.undo != "" {
				f.ask(job.ID, move.WantRun)
			}
			j := f.stopped(job.ID)
			if !strings.Contains(j.Error, c.says) || !strings.Contains(j.Error, "berth job cancel "+job.ID) {
				t.Errorf("the error: %s", j.Error)
			}
			f.home(low, "s1")
			if c.undo != "" { // what was lost meanwhile is found
				f.exec(f.Admin[1], "ALTER TABLE contacts "+c.undo)
				f.ask(job.ID, move.WantRun)
				if j := f.stopped(job.ID); !strings.Contains(j.Error, "differs from shard s1") {
					t.Errorf("after undoing it: %s", j.Error)
				}
			}
			f.ask(job.ID, move.WantCancel)
			f.phase(job.ID, move.Cancelled)
			f.exec(f.Admin[1], "DELETE FROM contacts")
			f.exec(f.Admin[1], "ALTER TABLE contacts MODIFY COLUMN name VARCHAR(100) NOT NULL DEFAULT ''")
		})
	}
}

// Statements in the binlog that take rows past the mover stop the job, which is
// then cancelled and can be started again.
func TestStatementsThatCantBeCarriedOver(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(30, 10)
	low := mustRange(t, "-80")
	f.work()
	for _, c := range []struct {
		name  string
		do    []string
		says  []string
		other bool // of something that does not move, so that nothing happens
	}{
		{"a statement instead of rows", []string{"SET SESSION binlog_format = STATEMENT", "UPDATE contacts SET name = 'by statement' WHERE id = 1"},
			[]string{"UPDATE", "table contacts", "binlog_format", "berth job cancel"}, false},
		{"a statement about another table", []string{"CREATE TABLE other (id INT PRIMARY KEY)", "SET SESSION binlog_format = STATEMENT", "INSERT INTO other VALUES (1)"}, nil, true},
		{"incomplete rows", []string{"SET SESSION binlog_row_image = MINIMAL", "UPDATE contacts SET name = 'in part' WHERE id = 1"},
			[]string{"binlog_row_image", "berth job cancel"}, false},
		{"a table emptied", []string{"TRUNCATE TABLE notes"}, []string{"TRUNCATE", "table notes", "berth job cancel"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := f.of(t)
			job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Hold: true}})
			f.phase(job.ID, move.Ready)
			conn, err := f.Admin[0].Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for _, s := range append(c.do, "SET SESSION binlog_format = ROW", "SET SESSION binlog_row_image = FULL") {
				if _, err := conn.ExecContext(t.Context(), s); err != nil {
					t.Fatalf("%s: %v", s, err)
				}
			}
			if c.other {
				f.ask(job.ID, move.WantRun)
				f.phase(job.ID, move.Reversible)
				f.same(low)
				f.ask(job.ID, move.WantRollback)
				f.phase(job.ID, move.RolledBack)
				return
			}
			j := f.stopped(job.ID)
			for _, word := range c.says {
				if !strings.Contains(j.Error, word) {
					t.Errorf("the error does not say %q: %s", word, j.Error)
				}
			}
			f.home(low, "s1")
			f.ask(job.ID, move.WantCancel)
			f.phase(job.ID, move.Cancelled)
			if left := f.rows(1, "contacts", low); len(left) > 0 {
				t.Errorf("the target still has %d rows", len(left))
			}
			job = f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
			f.phase(job.ID, move.Reversible)
			f.same(low)
			f.ask(job.ID, move.WantRollback)
			f.phase(job.ID, move.RolledBack)
		})
	}
}
