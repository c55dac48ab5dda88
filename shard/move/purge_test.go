package move_test

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/mysqld"
)

// While a job stands still its source throws the binlogs away that it still
// needs: it fails and says so, instead of leaving out what was in them.
func TestBinlogPurgedWhilePaused(t *testing.T) {
	t.Parallel()
	f := ownFleet(t, nil, mysqld.Options{})
	f.fill(30, 10)
	low := mustRange(t, "-80")
	f.exec(f.Admin[0], "SET GLOBAL binlog_expire_logs_seconds = 3")
	p, err := move.MakePlan(t.Context(), f.cfg, move.Request{Kind: move.KindMove, Range: low, To: "s2"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Refused(); err == nil || !strings.Contains(err.Error(), "keeps its binlog for 3 s") {
		t.Errorf("a source that keeps its binlog for three seconds: %v", err)
	}
	f.exec(f.Admin[0], "SET GLOBAL binlog_expire_logs_seconds = 259200")
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2", Options: move.Options{Hold: true}})
	f.phase(job.ID, move.Ready)
	f.ask(job.ID, move.WantPause)
	f.paused(job.ID)
	f.exec(f.Admin[0], "UPDATE contacts SET name = 'gone with the binlog'")
	f.exec(f.Admin[0], "FLUSH BINARY LOGS")
	f.exec(f.Admin[0], "UPDATE contacts SET name = 'still there' WHERE id = 1")
	var name, size, encrypted string
	rows, err := f.Admin[0].QueryContext(t.Context(), "SHOW BINARY LOGS")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&name, &size, &encrypted); err != nil {
			t.Fatal(err)
		}
	}
	f.exec(f.Admin[0], "PURGE BINARY LOGS TO '"+name+"'")
	f.ask(job.ID, move.WantRun)
	var j *move.Job
	f.eventually("a failed job", func() bool {
		if j, err = f.jobs.Get(t.Context(), job.ID); err != nil {
			t.Fatal(err)
		}
		return j.Phase == move.Failed
	})
	for _, word := range []string{"purge", "berth job cancel " + job.ID} {
		if !strings.Contains(j.Error, word) {
			t.Errorf("the error does not say %q: %s", word, j.Error)
		}
	}
	f.home(low, "s1")
	f.ask(job.ID, move.WantCancel)
	f.eventually("a cancelled job", func() bool {
		if j, err = f.jobs.Get(t.Context(), job.ID); err != nil {
			t.Fatal(err)
		}
		return j.Phase == move.Cancelled
	})
	job = f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
	f.phase(job.ID, move.Reversible)
	f.same(low)
}
