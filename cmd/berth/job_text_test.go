package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

var (
	noon  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	upper = shard.Range{Start: 0x80 << 56}
)

// aJob is one that copies, changed by fn.
func aJob(fn func(*move.Job)) *move.Job {
	j := &move.Job{
		ID: "260301-k3x9q", Kind: move.KindSplit, Range: &upper, From: "a", To: "b", Phase: move.Copying,
		RowsCopied: 250000, RowsTotal: 1000000, BytesCopied: 75 << 20, RowsPerSecond: 120000, LagMs: 1200, ETASeconds: 7,
		RowsApplied: 40, StartedAt: noon.Add(-5 * time.Second), PhaseStartedAt: noon.Add(-3 * time.Second), UpdatedAt: noon, Worker: "web-1/7",
		Author: "ann@web-1", Reason: "a is full", Prediction: move.Forecast{Rows: 990000, Bytes: 300 << 20, CopyS: 11, PauseMs: 20},
		Steps: []move.Step{{Phase: move.Planned, At: noon.Add(-5 * time.Second), Ms: 400}, {Phase: move.Preparing, At: noon.Add(-4600 * time.Millisecond), Ms: 1600}},
	}
	if fn != nil {
		fn(j)
	}
	return j
}

func switched(fn func(*move.Job)) func(*move.Job) {
	return func(j *move.Job) {
		j.Phase, j.Switched, j.Attempts, j.PauseMs, j.VerifiedRows = move.Reversible, noon.Add(-time.Minute), 2, 31.25, 1000040
		j.RowsCopied, j.RowsTotal, j.LagMs = 1000000, 1000000, 3
		j.Steps = append(j.Steps, move.Step{Phase: move.Copying, At: noon.Add(-80 * time.Second), Ms: 9000},
			move.Step{Phase: move.CatchingUp, At: noon.Add(-71 * time.Second), Ms: 500}, move.Step{Phase: move.Verifying, At: noon.Add(-70 * time.Second), Ms: 6200})
		if fn != nil {
			fn(j)
		}
	}
}

// jobStates are the ways a job may be, as commands show them.
var jobStates = []struct {
	name string
	show bool
	fn   func(*move.Job)
}{
	{"copying", true, nil},
	{"copying, held by the throttle", false, func(j *move.Job) { j.ThrottledBy = "replica lag of b, 12 s" }},
	{"interrupted", false, func(j *move.Job) {
		j.Error = "interrupted, trying again: connect to MySQL server 10.0.0.2:3306: refused"
	}},
	{"no worker yet", false, func(j *move.Job) { j.Phase, j.Worker, j.RowsCopied, j.ETASeconds = move.Planned, "", 0, -1 }},
	{"worker died", false, func(j *move.Job) { j.UpdatedAt = noon.Add(-time.Minute) }},
	{"verifying", false, func(j *move.Job) {
		j.Phase, j.RowsCopied, j.VerifiedRows, j.Mismatches = move.Verifying, 1000000, 500000, 1
	}},
	{"held", false, func(j *move.Job) { j.Phase, j.Options.Hold, j.ETASeconds = move.Ready, true, 0 }},
	{"asked to pause", false, func(j *move.Job) { j.Want = move.WantPause }},
	{"paused", false, func(j *move.Job) { j.Paused = true }},
	{"paused by a DDL", false, func(j *move.Job) {
		j.Paused, j.Error = true, "ALTER TABLE contacts was found in the binary log of shard a"
	}},
	{"failed", true, func(j *move.Job) {
		j.Phase, j.FailedIn, j.Error = move.Failed, move.Verifying, "1 row of contacts differs"
	}},
	{"cutting over", false, func(j *move.Job) { j.Phase, j.Attempts, j.LagMs = move.CuttingOver, 3, 0 }},
	{"reversible", false, switched(nil)},
	{"reversible, worker gone", false, switched(func(j *move.Job) { j.UpdatedAt = noon.Add(-time.Minute) })},
	{"reversible for long", false, switched(func(j *move.Job) { j.Switched = noon.Add(-48 * time.Hour) })},
	{"asked to roll back", false, switched(func(j *move.Job) { j.Want = move.WantRollback })},
	{"failed after the switch", false, switched(func(j *move.Job) { j.Phase, j.Error = move.Failed, "the binary log was purged" })},
	{"cleaning", false, switched(func(j *move.Job) { j.Phase, j.RowsCleaned, j.RowsPerSecond = move.Cleaning, 300000, 5000 })},
	{"done", true, switched(func(j *move.Job) { j.Phase, j.RowsCleaned, j.EndedAt = move.Done, 1000040, noon })},
	{"a member's, rolled back", false, switched(func(j *move.Job) {
		j.Kind, j.Range, j.Member, j.Phase, j.EndedAt = move.KindMove, nil, "42", move.RolledBack, noon
	})},
	{"cancelled", false, func(j *move.Job) { j.Phase, j.EndedAt = move.Cancelled, noon }},
}

// TestJobTexts holds what is said of jobs in all their states to a file.
func TestJobTexts(t *testing.T) {
	var said bytes.Buffer
	for _, s := range jobStates {
		j := aJob(s.fn)
		said.WriteString("=== " + s.name + "\n")
		a := &app{streams: streams{out: &said, err: &said, now: func() time.Time { return noon }}, output: "table"}
		if s.show {
			said.WriteString("--- job show\n")
			a.showJob(j)
		}
		said.WriteString("--- worker\n" + a.worksOn(j) + "\n--- a line of job watch\n" + lineOf(j) + "\n--- on a terminal\n" + strings.Join(blockOf(j), "\n") + "\n--- at the end\n")
		if err := a.conclude(j, following{good: reached}); err != nil {
			said.WriteString("error: " + err.Error() + "\n")
		}
		for _, p := range jobProblems(j, noon) {
			said.WriteString("health: " + p.Severity + ": " + p.What + "\n  next: " + p.Next + "\n")
		}
		said.WriteString("\n")
	}
	golden(t, "jobs.txt", said.Bytes())
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is no longer what is said; see what changed with -update and git diff. Now it is:\n%s", path, got)
	}
}

// TestStandsStill: the watch ends when nothing more comes by itself.
func TestStandsStill(t *testing.T) {
	still := map[string]bool{"held": true, "paused": true, "paused by a DDL": true, "failed": true, "reversible": true, "reversible for long": true, "reversible, worker gone": true,
		"failed after the switch": true, "done": true, "a member's, rolled back": true, "cancelled": true}
	for _, s := range jobStates {
		if j := aJob(s.fn); standsStill(j, j) != still[s.name] {
			t.Errorf("%s: it stands still: %t", s.name, !still[s.name])
		}
	}
	// One that failed and was told to go on has not failed again until a worker had it.
	asked := aJob(func(j *move.Job) { j.Phase, j.Approve = move.Failed, true })
	if standsStill(asked, asked) {
		t.Error("a failed job that was told to go on stands still")
	}
	later := aJob(func(j *move.Job) { j.Phase, j.Approve, j.UpdatedAt = move.Failed, true, noon.Add(time.Second) })
	if !standsStill(asked, later) {
		t.Error("a job that failed again does not stand still")
	}
}

// TestJobProgress: a line at each change of phase for people, a document at
// each change for scripts, and on a terminal what is said goes above.
func TestJobProgress(t *testing.T) {
	now := noon
	jobs := []*move.Job{
		aJob(nil),
		aJob(func(j *move.Job) { j.RowsCopied, j.UpdatedAt = 300000, noon.Add(time.Second) }),
		aJob(func(j *move.Job) { j.Phase, j.UpdatedAt = move.Verifying, noon.Add(2*time.Second) }),
	}
	show := func(s streams, output string, stream bool) {
		s.now = func() time.Time { return now }
		p := newJobProgress(&app{streams: s, output: output}, stream)
		for i, j := range jobs {
			if err := p.show(j); err != nil {
				t.Fatal(err)
			}
			if i == 1 {
				p.say("by the way")
			}
		}
		p.end()
	}
	var out, errs bytes.Buffer
	show(streams{out: &out, err: &errs}, "table", false)
	if lines := strings.Split(strings.TrimSpace(errs.String()), "\n"); len(lines) != 3 ||
		!strings.HasPrefix(lines[0], "12:00:00 copying, 25.0%") || lines[1] != "by the way" || !strings.HasPrefix(lines[2], "12:00:00 verifying") {
		t.Errorf("it says %q", lines)
	}
	if out.Len() > 0 {
		t.Errorf("progress on the standard output: %s", out.String())
	}
	out.Reset()
	errs.Reset()
	show(streams{out: &out, err: &errs}, "json", true)
	dec := json.NewDecoder(&out)
	for i := range jobs {
		var j move.Job
		if err := dec.Decode(&j); err != nil || j.RowsCopied != jobs[i].RowsCopied {
			t.Errorf("document %d: %v, %d rows", i, err, j.RowsCopied)
		}
	}
	errs.Reset()
	show(streams{out: &out, err: &errs, live: true}, "table", false)
	drawn := errs.String()
	if cleared := strings.Count(drawn, "A\r\x1b[J"); cleared != 4 { // two redraws, one for what was said, one at the end
		t.Errorf("the block was cleared %d times: %q", cleared, drawn)
	}
	if !strings.HasSuffix(drawn, "A\r\x1b[J") {
		t.Errorf("the block stays at the end: %q", drawn)
	}
}
