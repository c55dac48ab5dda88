package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/tools/checker/stage"
)

// TestMain makes this test's binary the processes that a run starts, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "client" || os.Args[1] == "worker") {
		os.Exit(process(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// standard is a run that is short.
func standard(t *testing.T) options {
	return options{
		length: 45 * time.Second, roundLength: 20 * time.Second, seed: 1, dir: filepath.Join(t.TempDir(), "run"),
		routers: 2, clients: 6, members: 24,
	}
}

func play(t *testing.T, o options) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := newScenario(o, &out).run(t.Context())
	t.Logf("\n%s", out.String())
	return out.String(), err
}

func TestPromisesHoldWhileDataMovesAndThingsFail(t *testing.T) {
	o := standard(t)
	o.faults, o.motions = true, true
	o.mostFault = 6 * time.Second
	if _, err := play(t, o); err != nil {
		t.Fatal(err)
	}
}

// Somebody changes rows past the routers: the run fails, and leaves what it
// takes to see why.
func TestABrokenPromiseIsFoundAndKept(t *testing.T) {
	o := standard(t)
	o.length, o.roundLength = 4*time.Second, 4*time.Second
	o.during = func(ctx context.Context, s *stage.Stage) error {
		time.Sleep(2 * time.Second)
		for _, sh := range s.Shards {
			if _, err := sh.Admin.ExecContext(ctx, "DELETE FROM entries WHERE seq = 1"); err != nil {
				return err
			}
		}
		return nil
	}
	out, err := play(t, o)
	if !errors.Is(err, errBroken) {
		t.Fatalf("the run ended with %v", err)
	}
	kept := filepath.Join(o.dir, "round-0001")
	if !strings.Contains(err.Error(), kept) || !strings.Contains(out, "BROKEN") {
		t.Errorf("%v does not say where the history is", err)
	}
	if pages, _ := filepath.Glob(filepath.Join(kept, "*.html")); len(pages) == 0 {
		t.Error("there is no picture of the search")
	}
	var again bytes.Buffer
	root := newRoot(&again)
	root.SetArgs([]string{"judge", kept, "--limit", "2s"})
	if err := root.ExecuteContext(t.Context()); err == nil {
		t.Errorf("judged again, the history is fine:\n%s", again.String())
	}
}

func TestRunRefusesWhatMakesNoSense(t *testing.T) {
	for _, args := range [][]string{
		{"run", "--for", "0s"}, {"run", "--routers", "0"}, {"run", "--members", "0"}, {"judge"}, {"judge", t.TempDir()}, {"nothing"},
	} {
		root := newRoot(new(bytes.Buffer))
		root.SetArgs(args)
		if err := root.ExecuteContext(t.Context()); err == nil {
			t.Errorf("%s was done", strings.Join(args, " "))
		}
	}
}
