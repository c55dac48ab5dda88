package proc_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/berthdb/berth/tools/proc"
)

// stubborn is a process that ignores SIGTERM, with mark on its command line.
func stubborn(t *testing.T, mark string) *proc.Process {
	t.Helper()
	p, err := proc.Start(proc.Spec{Path: "/bin/sh", Args: []string{"-c", "trap '' TERM; while :; do sleep 0.05; done", mark}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Kill() })
	return p
}

func TestEndSparesWhatIsNotTheServer(t *testing.T) {
	mark := t.TempDir()
	p := stubborn(t, mark)
	other := mark + "/another"
	for _, wrong := range []string{other, ""} {
		if proc.Running(p.PID(), wrong) {
			t.Errorf("process %d passes for one with %q", p.PID(), wrong)
		}
		if err := proc.End(t.Context(), p.PID(), wrong, 0); err != nil {
			t.Error(err)
		}
	}
	if err := proc.End(t.Context(), 0, mark, 0); err != nil {
		t.Error(err)
	}
	if !proc.Running(p.PID(), mark) {
		t.Error("a process that was not the server was ended")
	}
}

func TestEndKillsAfterGrace(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tc := range map[string]struct {
		ctx   context.Context
		grace time.Duration
	}{
		"grace over":   {t.Context(), 1},
		"context over": {ended, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			mark := t.TempDir()
			p := stubborn(t, mark)
			if err := p.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			if err := proc.End(tc.ctx, p.PID(), mark, tc.grace); err != nil {
				t.Fatal(err)
			}
			if proc.Running(p.PID(), mark) {
				t.Error("End returned while the process runs")
			}
		})
	}
}
