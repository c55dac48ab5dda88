package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/file"
	"github.com/berthdb/berth/shard/move"
)

// jobPlace is a cluster of two shards in whose store jobs can be put that no
// worker has made, in any phase.
type jobPlace struct {
	*testPlace
	store shard.Store
	jobs  *move.Jobs
}

func newJobPlace(t *testing.T) *jobPlace {
	p := newPlace(t, "", 2)
	p.must(append([]string{"init"}, p.shards...)...)
	store, err := file.Open(file.Config{Dir: filepath.Join(p.dir, "store")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return &jobPlace{testPlace: p, store: store, jobs: move.NewJobs(store)}
}

// put stores a job that moves the upper half from s2 to s1, changed by fn.
func (p *jobPlace) put(fn func(*move.Job)) *move.Job {
	p.t.Helper()
	j, err := p.jobs.Create(p.t.Context(), *aJob(func(j *move.Job) { j.From, j.To = "s2", "s1" }), func() (bool, error) { return false, nil })
	if err == nil {
		j, err = p.jobs.Update(p.t.Context(), j.ID, func(j *move.Job) error { fn(j); return nil })
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return j
}

// change changes a stored job.
func (p *jobPlace) change(j *move.Job, fn func(*move.Job)) {
	p.t.Helper()
	if _, err := p.jobs.Update(p.t.Context(), j.ID, func(j *move.Job) error { fn(j); return nil }); err != nil {
		p.t.Fatal(err)
	}
}

// refuses runs a command that has to fail, saying so.
func (p *jobPlace) refuses(status int, says string, args ...string) {
	p.t.Helper()
	got, out, errs := p.berth(p.t.Context(), args...)
	if got != status || !strings.Contains(errs, says) {
		p.t.Errorf("berth %s: exit status %d and not %d, or it does not say %q:\n%s%s", strings.Join(args, " "), got, status, says, out, errs)
	}
}

// TestJobCommands looks at a job, and asks of it what can be asked.
func TestJobCommands(t *testing.T) {
	p := newJobPlace(t)
	if out := p.must("job", "list", "-o", "json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("no job is %q", out)
	}
	p.refuses(exitFailed, "no such job", "job", "show", "260301-aaaaa")
	p.refuses(exitFailed, "it must be 1 to 128 letters", "job", "show", "../map")
	j := p.put(func(j *move.Job) { j.Phase, j.Worker, j.UpdatedAt = move.Copying, "web-1/7", time.Now() })

	if out := p.must("job", "list"); !strings.Contains(out, j.ID) || !strings.Contains(out, "range 80-") || !strings.Contains(out, "copying") || !strings.Contains(out, "web-1/7") {
		t.Errorf("job list: %s", out)
	}
	var shown map[string]any
	if err := json.Unmarshal([]byte(p.must("job", "show", j.ID, "-o", "json")), &shown); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"id", "kind", "range", "from", "to", "phase", "rows_copied", "rows_total", "bytes_copied", "lag_ms", "eta_s", "throttled_by",
		"started_at", "phase_started_at", "verified_rows", "mismatches", "cutover_pause_ms", "error"} {
		if _, ok := shown[field]; !ok {
			t.Errorf("job show -o json has no %s", field)
		}
	}

	// What can't be asked now, and what would be done.
	p.refuses(exitFailed, "it has not switched yet", "job", "complete", j.ID)
	p.refuses(exitFailed, "berth job cancel "+j.ID, "job", "rollback", j.ID)
	p.refuses(exitUsage, "--foreground and --detach", "job", "pause", j.ID, "--foreground", "--detach")
	p.refuses(exitUsage, "--rate -1", "job", "resume", j.ID, "--rate", "-1")
	if out := p.must("job", "cancel", j.ID, "--dry-run"); !strings.Contains(out, "its members stay on s2") || !strings.Contains(out, "the copy on s1 is removed: about") || !strings.Contains(out, "(--dry-run)") {
		t.Errorf("job cancel --dry-run: %s", out)
	}
	if out := p.must("job", "pause", j.ID, "--dry-run"); !strings.Contains(out, "(--dry-run)") {
		t.Errorf("job pause --dry-run: %s", out)
	}
	if now, err := p.jobs.Get(t.Context(), j.ID); err != nil || now.Want != move.WantRun {
		t.Fatalf("after --dry-run it is asked to %q, %v", now.Want, err)
	}

	// Asked, and left to a worker.
	p.must("job", "pause", j.ID, "--detach")
	if now, _ := p.jobs.Get(t.Context(), j.ID); now.Want != move.WantPause {
		t.Errorf("after pause it is asked to %q", now.Want)
	}
	p.change(j, func(j *move.Job) { j.Want, j.Paused = move.WantRun, true })
	p.must("job", "resume", j.ID, "--detach", "--rate", "500", "--drain", "2s")
	now, _ := p.jobs.Get(t.Context(), j.ID)
	if now.Paused || now.Options.Rate != 500 || now.Options.Drain != 2*time.Second || now.Options.Workers != 0 {
		t.Errorf("after resume it is paused: %t, with %+v", now.Paused, now.Options)
	}

	// After the switch.
	p.change(j, func(j *move.Job) { switched(nil)(j); j.Switched = time.Now() })
	out := p.must("job", "watch", j.ID)
	if !strings.Contains(out, "its members live on s1; the way back is open") || !strings.Contains(out, "PREDICTED") || !strings.Contains(out, "berth job complete "+j.ID) {
		t.Errorf("job watch: %s", out)
	}
	if lines := strings.Split(strings.TrimSpace(p.must("job", "watch", j.ID, "-o", "json")), "\n"); len(lines) != 1 || !strings.Contains(lines[0], `"phase":"reversible"`) {
		t.Errorf("job watch -o json: %q", lines)
	}
	p.refuses(exitFailed, "berth job rollback "+j.ID, "job", "cancel", j.ID)
	if out := p.must("job", "complete", j.ID, "--dry-run"); !strings.Contains(out, "the old rows on s2 are removed, little by little: about 1000000 rows") {
		t.Errorf("job complete --dry-run: %s", out)
	}
	if out := p.must("job", "rollback", j.ID, "--dry-run"); !strings.Contains(out, "range 80- goes back from s1 to s2") {
		t.Errorf("job rollback --dry-run: %s", out)
	}

	p.must("job", "complete", j.ID, "--detach")
	if out := p.must("job", "resume", j.ID, "--detach"); !strings.Contains(out, "it was asked to complete, and does that") {
		t.Errorf("job resume: %s", out)
	}
	if now, _ := p.jobs.Get(t.Context(), j.ID); now.Want != move.WantComplete {
		t.Errorf("after resume it is asked to %q", now.Want)
	}
	p.change(j, func(j *move.Job) { j.Want = move.WantRun })

	// A shell offers the jobs of which that can be asked.
	for _, c := range []struct {
		args  string
		offer bool
	}{{"job show ", true}, {"job complete ", true}, {"job rollback ", true}, {"job cancel ", false}, {"job show x ", false}} {
		out := p.must(append([]string{cobra.ShellCompNoDescRequestCmd}, strings.Split(c.args, " ")...)...)
		if words, _, _ := strings.Cut(out, ":"); (words == j.ID+"\n") != c.offer {
			t.Errorf("after %q the shell would offer %q", c.args, words)
		}
	}
	p.change(j, func(j *move.Job) { j.Phase, j.EndedAt = move.Done, time.Now() })
	p.refuses(exitFailed, "it has ended", "job", "resume", j.ID)
	if out := p.must("job", "list", "--active", "-o", "json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("job list --active: %s", out)
	}
}

// TestJobOutcome: the exit status of a watch tells a failure from the rest.
func TestJobOutcome(t *testing.T) {
	p := newJobPlace(t)
	j := p.put(func(j *move.Job) { j.Phase, j.Error = move.Failed, "1 row of contacts differs" })
	p.refuses(exitFailed, "failed: 1 row of contacts differs", "job", "watch", j.ID)
	p.change(j, func(j *move.Job) { j.Phase, j.Paused, j.Error = move.Copying, true, "ALTER TABLE contacts" })
	p.refuses(exitFailed, "is paused: ALTER TABLE contacts; when that is mended", "job", "watch", j.ID)
	p.change(j, func(j *move.Job) { j.Error = "" })
	if out := p.must("job", "watch", j.ID); !strings.Contains(out, "paused while copying; its members are on s2") {
		t.Errorf("job watch: %s", out)
	}
}

// TestJobsAreNeeded: what an unfinished job works with can't be taken away.
func TestJobsAreNeeded(t *testing.T) {
	p := newJobPlace(t)
	for name, db := range p.dbs {
		if _, err := p.admin(name, db).ExecContext(t.Context(), "CREATE TABLE contacts (member_id BIGINT NOT NULL, id BIGINT, PRIMARY KEY (member_id, id))"); err != nil {
			t.Fatal(err)
		}
	}
	third := newPlace(t, "", 1)
	for _, db := range third.dbs {
		p.must("shard", "add", "s3", db.Addr()+"/"+db.Database)
	}
	j := p.put(func(j *move.Job) { j.To = "s3" })
	p.refuses(exitFailed, "job "+j.ID+" (planned) needs it: it moves range 80- from s2 to s3; wait for it", "shard", "remove", "s3")
	p.refuses(exitFailed, "table contacts has to wait", "table", "set", "contacts", "--kind", "sharded")
	p.must("table", "set", "contacts", "--kind", "reference") // which no job moves

	// A map from before the switch is not put back.
	old := filepath.Join(p.dir, "old.json")
	exported := p.must("map", "export")
	writeFile(t, old, exported)
	p.change(j, func(j *move.Job) { switched(nil)(j); j.To = "s3" })
	removeFile(t, filepath.Join(p.dir, "store", "map"))
	p.refuses(exitFailed, "has moved range 80- to shard s3", "map", "restore", old)
	p.change(j, func(j *move.Job) { j.Phase = move.RolledBack })
	p.must("map", "restore", old)
	p.must("shard", "remove", "s3")
}

// TestHealthOfJobs: what is wrong with a job is a problem with a next step.
func TestHealthOfJobs(t *testing.T) {
	p := newJobPlace(t)
	j := p.put(func(*move.Job) {})
	for _, c := range []struct {
		name string
		fn   func(*move.Job)
		exit int
		says string // in the problem
	}{
		{"at work", func(j *move.Job) { j.Phase, j.Worker, j.UpdatedAt = move.Copying, "web-1/7", time.Now() }, 0, ""},
		{"silent", func(j *move.Job) { j.UpdatedAt = time.Now().Add(-time.Minute) }, 1, "its worker web-1/7 is silent for 60 s"},
		{"never taken up", func(j *move.Job) { j.Worker = "" }, 1, "no worker has taken it up"},
		{"failed", func(j *move.Job) { j.Phase, j.Error = move.Failed, "no space" }, 1, "it failed: no space"},
		{"paused", func(j *move.Job) { j.Phase, j.Error, j.Paused = move.Verifying, "", true }, 1, "it is paused while verifying"},
		{"reversible", func(j *move.Job) { switched(nil)(j); j.Paused, j.Switched, j.UpdatedAt = false, time.Now(), time.Now() }, 0, ""},
		{"reversible for days", func(j *move.Job) { j.Switched = time.Now().Add(-72 * time.Hour) }, 0, "its way back is open for 3 days"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.change(j, c.fn)
			status, out, errs := p.berth(t.Context(), "health", "-o", "json")
			var h healthDocument
			if err := json.Unmarshal([]byte(out), &h); err != nil {
				t.Fatalf("%v in %s%s", err, out, errs)
			}
			if status != c.exit || len(h.Jobs) != 1 || h.Jobs[0].ID != j.ID {
				t.Fatalf("exit status %d, %d jobs: %s", status, len(h.Jobs), out)
			}
			var said []string
			for _, p := range h.Jobs[0].Problems {
				said = append(said, p.What)
				if !strings.Contains(p.Next, "berth job ") {
					t.Errorf("%q: the next step is %q", p.What, p.Next)
				}
			}
			if got := strings.Join(said, "; "); !strings.Contains(got, c.says) || (c.says == "") != (got == "") {
				t.Errorf("the problem is %q", got)
			}
			if _, table, _ := p.berth(t.Context(), "health"); !strings.Contains(table, j.ID) || !strings.Contains(table, c.says) {
				t.Errorf("the table says %s", table)
			}
		})
	}

	// A frozen span that nobody let go.
	m := p.current()
	next, err := m.Freeze(shard.Change{Author: "test", Time: time.Now(), Action: "freeze"}, shard.Span{Range: upper},
		shard.Freeze{To: "s1", Attempt: j.ID + "/1", Deadline: time.Now().Add(-time.Minute)})
	if err == nil {
		err = p.store.Swap(t.Context(), m, next)
	}
	if err != nil {
		t.Fatal(err)
	}
	status, out, _ := p.berth(t.Context(), "health")
	if status != 2 || !strings.Contains(out, "80- is frozen on shard s2 by attempt "+j.ID+"/1") || !strings.Contains(out, "berth job resume "+j.ID) {
		t.Errorf("exit status %d: %s", status, out)
	}
}
