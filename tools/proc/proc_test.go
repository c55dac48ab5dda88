package proc_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berthdb/berth/tools/proc"
)

// asOwner makes the test binary a program that starts a guarded server and
// then ends in the way the variable says.
const asOwner = "PROC_TEST_OWNER"

func TestMain(m *testing.M) {
	if end := os.Getenv(asOwner); end != "" {
		own(end)
	}
	os.Exit(m.Run())
}

// sleeper is a server that does nothing, with its directory in its arguments.
func sleeper(dir string, guard *proc.Guard) proc.Spec {
	return proc.Spec{
		Name:  "a sleeper",
		Path:  "/bin/sh",
		Args:  []string{"-c", "echo started; while :; do sleep 1; done", dir},
		Log:   filepath.Join(dir, "log"),
		Guard: guard,
	}
}

// own starts a server, prints its id and directory, and ends.
func own(end string) {
	dir, guard, err := proc.GuardDir("", "berth-proc-test-")
	if err != nil {
		panic(err)
	}
	p, err := proc.Start(sleeper(dir, guard))
	if err != nil {
		panic(err)
	}
	fmt.Println(p.PID(), dir)
	switch end {
	case "panic":
		panic("as a test might")
	case "exit":
		os.Exit(1)
	case "stand-down":
		if err := guard.StandDown(); err != nil {
			panic(err)
		}
		os.Exit(0)
	default: // to be killed
		select {}
	}
}

// TestOwnerEnds starts a program that owns a server, ends it in every way a
// program ends, and looks for the server and its directory.
func TestOwnerEnds(t *testing.T) {
	for _, end := range []string{"panic", "exit", "SIGKILL", "SIGINT", "SIGTERM"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			pid, dir := runOwner(t, end)
			eventually(t, fmt.Sprintf("process %d gone", pid), func() bool { return !alive(pid) })
			eventually(t, dir+" gone", func() bool {
				_, err := os.Stat(dir)
				return errors.Is(err, fs.ErrNotExist)
			})
		})
	}
}

func TestStandDownLeavesTheServer(t *testing.T) {
	pid, dir := runOwner(t, "stand-down")
	t.Cleanup(func() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Errorf("the server did not outlive its owner: %v", err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if !alive(pid) {
		t.Error("the server ended with its owner")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}

// runOwner runs the program until it has ended and returns what it owned. A
// signal goes to its whole process group, as from a terminal.
func runOwner(t *testing.T, end string) (pid int, dir string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asOwner+"="+end)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the owner printed nothing: %v", err)
	}
	if _, err := fmt.Sscan(line, &pid, &dir); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	signals := map[string]syscall.Signal{"SIGKILL": syscall.SIGKILL, "SIGINT": syscall.SIGINT, "SIGTERM": syscall.SIGTERM}
	if sig, ok := signals[end]; ok {
		if !alive(pid) {
			t.Fatalf("the server was not running before %s", end)
		}
		if err := syscall.Kill(-cmd.Process.Pid, sig); err != nil {
			t.Fatal(err)
		}
	}
	_ = cmd.Wait() // it ends badly on purpose
	return pid, dir
}

func TestGuardSparesAnotherProcess(t *testing.T) {
	dir, guard, err := proc.GuardDir("", "berth-proc-test-")
	if err != nil {
		t.Fatal(err)
	}
	spec := sleeper(t.TempDir(), guard)
	if _, err := proc.Start(spec); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a process that its guard could not recognise was started: %v", err)
	}
	if err := guard.Fire(); err != nil {
		t.Error(err)
	}
}

func TestGuardKeepsWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "data")
	if err := os.WriteFile(file, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, guard, err := proc.GuardDir(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := proc.Start(sleeper(dir, guard))
	if err != nil {
		t.Fatal(err)
	}
	if err := guard.Fire(); err != nil {
		t.Fatal(err)
	}
	<-p.Exited() // killed by the guard
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the guard removed what was there before: %v", err)
	}
}

func TestStopAsksThenKills(t *testing.T) {
	for name, tc := range map[string]struct {
		script string
		grace  time.Duration
		killed bool
		frozen bool
	}{
		"ends when asked":     {script: "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done", grace: time.Minute},
		"frozen, then asked":  {script: "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done", grace: time.Minute, frozen: true},
		"does not end, grace": {script: "trap '' TERM; echo ready; while :; do sleep 0.05; done", grace: 1, killed: true},
	} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			p, err := proc.Start(proc.Spec{Path: "/bin/sh", Args: []string{"-c", tc.script}, Log: log})
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "the trap set", func() bool { return strings.Contains(proc.Tail(log, 1), "ready") })
			if tc.frozen {
				if err := p.Signal(syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
			}
			err = p.Stop(t.Context(), tc.grace)
			if killed := err != nil; killed != tc.killed {
				t.Errorf("Stop: %v; want killed %t", err, tc.killed)
			}
			select {
			case <-p.Exited():
			default:
				t.Error("Stop returned before the process had ended")
			}
			if err := p.Signal(syscall.SIGCONT); err == nil {
				t.Error("an ended process took a signal")
			}
		})
	}
}

func TestReservedPortsDiffer(t *testing.T) {
	ports, err := proc.ReservePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[int]bool)
	for _, p := range ports {
		if seen[p.Number()] {
			t.Errorf("port %d was reserved twice", p.Number())
		}
		seen[p.Number()] = true
	}
	if err := proc.ReleasePorts(ports); err != nil {
		t.Error(err)
	}
}

func TestTail(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if got := proc.Tail(file, 2); !strings.Contains(got, "no log") {
		t.Errorf("Tail of no file: %q", got)
	}
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintln(&text, "line", i)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := proc.Tail(file, 2), "\tline 4998\n\tline 4999"; got != want {
		t.Errorf("Tail: %q, want %q", got, want)
	}
}

// alive reports whether the process runs; one that has ended and waits for a
// parent to reap it does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

// eventually waits for what another process is about to do. It has no limit
// of its own: a condition that never holds ends with the test run's.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for !holds() {
		if t.Context().Err() != nil {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestFreezeWaitsUntilTheProcessStandsStill(t *testing.T) {
	p, err := proc.Start(proc.Spec{Path: "/bin/sh", Args: []string{"-c", "while :; do :; done"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	state := func() string {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
		if err != nil {
			t.Skip("no /proc here: ", err)
		}
		return strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))[0]
	}
	if got := state(); got == "T" {
		t.Fatal("it stands still before")
	}
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	if got := state(); got != "T" {
		t.Errorf("its state is %s", got)
	}
}
