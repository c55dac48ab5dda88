package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// runMove runs one of the commands in JSON on a table too small to say
// anything.
func runMove[R any](t *testing.T, name string, args ...string) R {
	t.Helper()
	var out bytes.Buffer
	cmd := newRoot(&out)
	cmd.SetArgs(append([]string{"move", name, "--json", "--relaxed", "--rounds", "1", "--quiet", "300ms", "--rate", "50", "--routers", "2"}, args...))
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	var r struct{ Results map[string]R }
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	return r.Results["move "+name]
}

func TestMoveCopyRuns(t *testing.T) {
	r := runMove[copyResult](t, "copy", "--rows", "1000", "--workers", "2")
	if len(r.Ways) != 3 || r.Rows != 1000 || r.Members != 20 || r.Verify <= 0 {
		t.Fatalf("%+v", r)
	}
	for i, w := range r.Ways {
		if w.Rate <= 0 || w.EndRate <= 0 || (w.Ratio == nil) != (i == 0) {
			t.Errorf("%+v", w)
		}
	}
}

func TestMoveCutoverRuns(t *testing.T) {
	r := runMove[cutoverResult](t, "cutover", "--rows", "1000", "--scenarios", "plain,kill", "--long", "500ms")
	if len(r.Lines) != 2 {
		t.Fatalf("%+v", r)
	}
	for i, l := range r.Lines {
		if l.Cutovers != 2 || l.GaveUp != 0 || l.Attempts < 2 || len(l.Groups) != 2 || (l.Held > 0) != (i == 1) {
			t.Errorf("%+v", l)
		}
		for _, g := range l.Groups {
			if g.Transactions == 0 || g.Pause.Worst <= 0 || len(g.Pause.Each) != 2 || len(g.Failed) > 0 {
				t.Errorf("%s: %+v", l.Scenario, g)
			}
		}
	}
}

func TestMoveMemberRuns(t *testing.T) {
	r := runMove[memberResult](t, "member", "--rows", "1000")
	if r.Moved != 100 || r.Moves != 1 || r.Total <= 0 || r.Others.Worst <= 0 || len(r.Failed) != 0 || len(r.Steps) != len(memberPhases()) {
		t.Errorf("%+v", r)
	}
}

func TestMoveForegroundRuns(t *testing.T) {
	r := runMove[foregroundResult](t, "foreground", "--rows", "5000")
	if len(r.Lines) != 3 || r.Copy <= 0 || r.Verify <= 0 {
		t.Fatalf("%+v", r)
	}
	if alone := r.Lines[0]; alone.PerSecond <= 0 || alone.P50 <= 0 || len(alone.Failed) != 0 || alone.Latency != nil {
		t.Errorf("%+v", alone)
	}
}

func TestMoveRefusesWhatMakesNoSense(t *testing.T) {
	for _, args := range []string{
		"copy --rows 10 --members 11", "copy --workers 0", "cutover --scenarios none", "member --rate 0", "foreground --quiet 0s", "nothing",
	} {
		var out bytes.Buffer
		cmd := newRoot(&out)
		cmd.SetArgs(append([]string{"move"}, strings.Fields(args)...))
		if err := cmd.ExecuteContext(t.Context()); err == nil {
			t.Errorf("move %s was done", args)
		}
	}
}

func TestQuantile(t *testing.T) {
	var hundred []float64
	for i := range 100 {
		hundred = append(hundred, float64(i+1))
	}
	for _, tt := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{nil, 0.5, 0}, {[]float64{7}, 0.99, 7}, {[]float64{1, 2}, 0.5, 1}, {hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 1, 100}, {hundred[:20], 0.99, 20},
	} {
		if got := quantile(tt.values, tt.q); got != tt.want {
			t.Errorf("quantile %v of %d values is %v, not %v", tt.q, len(tt.values), got, tt.want)
		}
	}
}

func TestFeelingCountsWhatFailed(t *testing.T) {
	at := time.Now()
	var list []transaction
	for i := range 4 {
		list = append(list, transaction{due: at, end: at.Add(time.Duration(i+1) * time.Millisecond)})
	}
	list[3].failed = "COMMIT: outcome unknown"
	f := feelingOf(list)
	if f.Transactions != 4 || f.P50 != 2 || f.Worst != 4 || counted(f.Failed) != "1 COMMIT: outcome unknown" {
		t.Errorf("%+v", f)
	}
}

// What a person reads says the same as the JSON.
func TestMoveResultsPrint(t *testing.T) {
	var out bytes.Buffer
	runs := []cutoverRun{
		{waited: time.Second, attempts: 1, told: 21.5, during: [2]feeling{{Transactions: 3, Worst: 31}, {Transactions: 3, Worst: 9}}},
		{waited: time.Second, attempts: 2, gaveUp: true, during: [2]feeling{{Transactions: 3, Worst: 77, Failed: map[string]int{"BEGIN: member is on the move": 2}}, {}}},
	}
	line := cutoverSummary(scenarios(time.Second)[0], runs)
	if line.Verdict != "MISSED" || line.GaveUp != 1 || line.Attempts != 3 {
		t.Errorf("%+v", line)
	}
	cutoverResult{Lines: []cutoverLine{line}}.print(&out)
	copyResult{Ways: []copyLine{copySummary("the mover", moveOptions{rows: 10}, []copied{{rate: 90}}, nil, true)}}.print(&out)
	for _, want := range []string{"2 cutovers in 3 attempts, 1 gave up", "31.0     31.0     77.0     77.0", "2 BEGIN: member is on the move", "the mover                          90"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
