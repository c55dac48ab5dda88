package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The demo, from its first line to its last, and nothing is left of it.
func TestDemo(t *testing.T) {
	var out, errs bytes.Buffer
	s := streams{in: strings.NewReader(""), out: &out, err: &errs, now: time.Now}
	if status := run(t.Context(), s, []string{"demo", "--once", "--seconds", "1", "--members", "100", "--shards", "2"}); status != 0 {
		t.Fatalf("exit status %d\n%s%s", status, out.String(), errs.String())
	}
	said := out.String()
	for _, want := range []string{
		"2 shards, 100 members", "map       -80 on s1, 80- on s2", "tables    contacts, conversations, messages",
		"of 100 members in", "none failed", "SHARD  MEMBERS", "$ berth map lookup", "by range",
		"berth: table messages is not tied to one member",
		"$ berth split -80 --to s2 --yes", "its members live on s2; the way back is open", "PREDICTED", "none failed; the slowest took",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	for _, address := range demoServers(t, said) {
		if answers(address) {
			t.Errorf("a server is left on %s", address)
		}
	}
}

// The demo waits for Ctrl-C, and then nothing is left of it; nor is after it was
// killed, which gives it no time to clean up.
func TestDemoIsGone(t *testing.T) {
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		status int // -1: by the signal
		last   string
	}{
		{"after Ctrl-C", syscall.SIGINT, 0, "\nStopped, and removed.\n"},
		{"after a kill", syscall.SIGKILL, -1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(publicDir(t), "demo")
			cmd := exec.Command("berth", "demo", "--seconds", "1", "--members", "20", "--shards", "1", "--dir", dir) // testscript.Main put it on the PATH
			cmd.Env = append(os.Environ(), "NO_COLOR=1")
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill() }() // it has ended, unless the test failed
			var said strings.Builder
			lines := bufio.NewScanner(io.TeeReader(out, &said))
			for lines.Scan() && !strings.Contains(lines.Text(), " health") {
			}
			servers := demoServers(t, said.String())
			if !answers(servers[0]) {
				t.Errorf("the demo waits, and its server on %s does not answer", servers[0])
			}
			if err := cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			for lines.Scan() {
			}
			_ = cmd.Wait() // its status is looked at
			if status := cmd.ProcessState.ExitCode(); status != c.status {
				t.Errorf("exit status %d instead of %d:\n%s", status, c.status, said.String())
			}
			if !strings.HasSuffix(said.String(), c.last) {
				t.Errorf("its last word is not %q:\n%s", c.last, said.String())
			}
			// The guards of a killed one need a moment.
			for deadline := time.Now().Add(time.Minute); exists(dir) || answers(servers[0]); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%s is there: %v; the server on %s answers: %v", dir, exists(dir), servers[0], answers(servers[0]))
				}
			}
		})
	}
}

// publicDir is a directory that servers of another user get through, unlike
// that of t.TempDir.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "berth-demo-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func answers(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// demoServers are the addresses that the demo names.
func demoServers(t *testing.T, said string) []string {
	t.Helper()
	servers := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindAllString(said, -1)
	if len(servers) == 0 {
		t.Fatalf("it names no server:\n%s", said)
	}
	return servers
}

func TestDemoRefusesWhatMakesNoSense(t *testing.T) {
	for _, args := range [][]string{
		{"demo", "--store", "consul://127.0.0.1:8500/berth"}, {"demo", "--members", "0"}, {"demo", "--seconds", "-1"}, {"demo", "more"},
		{"demo", "--dir", "testdata"},
	} {
		var errs bytes.Buffer
		s := streams{in: strings.NewReader(""), out: &errs, err: &errs, now: time.Now}
		if status := run(t.Context(), s, args); status != exitUsage {
			t.Errorf("%v: exit status %d\n%s", args, status, errs.String())
		}
	}
}
