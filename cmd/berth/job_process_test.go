package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// command is berth as a process of its own.
type command struct {
	t   *testing.T
	cmd *exec.Cmd

	mu    sync.Mutex
	said  strings.Builder
	lines chan string // what it says, closed at its end
}

// process starts berth.
func (p *testPlace) process(args ...string) *command {
	p.t.Helper()
	c := &command{t: p.t, cmd: exec.Command("berth", append([]string{"--config", p.config, "--yes"}, args...)...), lines: make(chan string, 1000)}
	c.cmd.Env = append(os.Environ(), "NO_COLOR=1")
	out, in, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	c.cmd.Stdout, c.cmd.Stderr = in, in
	if err := c.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	_ = in.Close() // the process has its own
	go c.read(out)
	p.t.Cleanup(func() { _ = c.cmd.Process.Kill(); _ = out.Close() }) // it has ended, unless the test failed
	return c
}

func (c *command) read(out io.Reader) {
	defer close(c.lines)
	for s := bufio.NewScanner(out); s.Scan(); {
		c.mu.Lock()
		c.said.WriteString(s.Text() + "\n")
		c.mu.Unlock()
		c.lines <- s.Text()
	}
}

// until waits for a line with that in it.
func (c *command) until(text string) {
	c.t.Helper()
	for line := range c.lines {
		if strings.Contains(line, text) {
			return
		}
	}
	c.t.Fatalf("%v ended without saying %q:\n%s", c.cmd.Args, text, c.all())
}

func (c *command) all() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said.String()
}

// end sends the signal and gives the exit status, and all that was said.
func (c *command) end(signal os.Signal) (status int, said string) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(signal); err != nil {
		c.t.Fatal(err)
	}
	for range c.lines {
	}
	_ = c.cmd.Wait() // its status is looked at
	return c.cmd.ProcessState.ExitCode(), c.all()
}

// TestWhoRunsAJob: a command runs its job itself or leaves it to a worker, and
// Ctrl-C ends the command and not the job.
func TestWhoRunsAJob(t *testing.T) {
	a := newAdoption(t, "main", "b")

	// The command runs it: then Ctrl-C makes it stand still.
	c := a.process("split", "-", "--at", "80", "--to", "b", "--rate", "20", "--foreground")
	c.until("copying, ")
	status, said := c.end(os.Interrupt)
	if status != exitFailed || !strings.Contains(said, "stands still here and has lost nothing") {
		t.Errorf("after Ctrl-C: exit status %d\n%s", status, said)
	}
	id := jobID.FindString(said)

	// A worker takes it up.
	worker := a.process("serve", "--worker", "--name", "w1")
	worker.until("runs the jobs of ")
	watch := a.process("job", "watch", id)
	watch.until("copying, ")
	if out := a.must("job", "pause", id); !strings.Contains(out, "paused while copying; its members are on main") {
		t.Errorf("job pause: %s", out)
	}
	for range watch.lines { // it ends by itself
	}
	if out := a.must("job", "resume", id, "--rate", "0"); !strings.Contains(out, "its members live on b; the way back is open") {
		t.Errorf("job resume: %s", out)
	}

	// One that a worker runs goes on after Ctrl-C.
	second := jobID.FindString(a.must("move", "-80", "--to", "b", "--rate", "20", "--detach"))
	c = a.process("job", "watch", second)
	c.until("copying, ")
	status, said = c.end(os.Interrupt)
	if status != exitDone || !strings.Contains(said, "detached: job "+second) {
		t.Errorf("after Ctrl-C: exit status %d\n%s", status, said)
	}
	if out := a.must("job", "cancel", second); !strings.Contains(out, "cancelled; its members are on main") {
		t.Errorf("job cancel: %s", out)
	}
	if out := a.must("job", "complete", id); !strings.Contains(out, "done; its members live on b") {
		t.Errorf("job complete: %s", out)
	}
	status, said = worker.end(syscall.SIGTERM)
	if status != exitDone || !strings.Contains(said, "stopped; its jobs go on") {
		t.Errorf("after SIGTERM: exit status %d\n%s", status, said)
	}

	// Without a worker the command runs it by itself, and says so.
	c = a.process("move", "-80", "--to", "b", "--rate", "20")
	c.until("no worker runs job ")
	c.until("copying, ")
	status, said = c.end(os.Interrupt)
	if status != exitFailed || !strings.Contains(said, "stands still here") {
		t.Errorf("without a worker: exit status %d\n%s", status, said)
	}

	// So it does when the worker dies.
	id = jobID.FindString(said)
	worker = a.process("serve", "--worker", "--name", "w2")
	for !strings.Contains(a.must("job", "show", id, "-o", "json"), `"worker": "w2"`) {
		time.Sleep(100 * time.Millisecond)
	}
	c = a.process("job", "resume", id)
	c.until("copying, ")
	if status, _ := worker.end(syscall.SIGKILL); status != -1 {
		t.Errorf("the killed worker's exit status is %d", status)
	}
	c.until("no worker runs job ")
	c.end(os.Interrupt)
	a.must("job", "resume", id, "--rate", "0", "--foreground")

	// What was asked and is not done yet is what a resume goes on with.
	a.must("job", "complete", id, "--detach")
	if out := a.must("job", "resume", id); !strings.Contains(out, "done; its members live on b") {
		t.Errorf("job resume of one that was asked to complete: %s", out)
	}
	a.total("messages", true)
}
