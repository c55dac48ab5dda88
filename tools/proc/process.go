package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// gateScript waits for a word on descriptor 3 and becomes the server. On
// end-of-file the program that started it is dead, and it ends.
const gateScript = `read -r go <&3 || exit 125; exec "$0" "$@" 3<&-`

// Spec describes one process. Path is required; the zero value of every other
// field means what its comment says.
type Spec struct {
	// Name is what errors call the process: "mysqld on 127.0.0.1:20123".
	// Empty means Path.
	Name string
	// Path is the program, absolute.
	Path string
	// Args are its arguments, without the program's own name.
	Args []string
	// Env is its whole environment. Nil means ours.
	Env []string
	// Dir is its working directory. Empty means the root directory, so that a
	// server never holds on to the place where a test happened to run.
	Dir string
	// Log is the file its output is appended to. Empty means it is discarded.
	Log string
	// UID and GID are who it runs as. Zero for both means who we are. Others
	// need root.
	UID, GID uint32
	// Guard ends the process should we die. Nil means nobody does.
	Guard *Guard
}

// Process is a running, or ended, server process. Its methods may be called
// from several goroutines.
type Process struct {
	name   string
	cmd    *exec.Cmd
	guard  *Guard
	exited chan struct{}
	err    error // how it ended; written before exited is closed
}

// Start runs the process in a session of its own. When Start returns the
// program has been told to go on; whether it is ready to serve is for the
// caller to find out.
func Start(spec Spec) (*Process, error) {
	if spec.Name == "" {
		spec.Name = spec.Path
	}
	if g := spec.Guard; g != nil && !strings.Contains(strings.Join(spec.Args, " "), g.dir) {
		return nil, fmt.Errorf("start %s: its guard knows it by %s, which is not on its command line", spec.Name, g.dir)
	}
	p, gate, err := start(spec)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	defer gate.Close()

	go p.wait()
	if p.guard != nil {
		err = p.guard.watch(p.PID())
	}
	if err == nil {
		_, err = gate.WriteString("go\n")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", spec.Name, err), p.Kill())
	}
	return p, nil
}

// start forks the gate and returns the end of the pipe that opens it.
func start(spec Spec) (*Process, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()

	cmd := exec.Command("/bin/sh", append([]string{"-c", gateScript, spec.Path}, spec.Args...)...)
	cmd.Env = spec.Env
	cmd.Dir = "/"
	if spec.Dir != "" {
		cmd.Dir = spec.Dir
	}
	cmd.ExtraFiles = []*os.File{r}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if spec.UID != 0 || spec.GID != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: spec.UID, Gid: spec.GID}
	}
	if spec.Log != "" {
		log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, nil, errors.Join(err, w.Close())
		}
		defer log.Close()
		cmd.Stdout, cmd.Stderr = log, log
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, errors.Join(err, w.Close())
	}
	return &Process{name: spec.Name, cmd: cmd, guard: spec.Guard, exited: make(chan struct{})}, w, nil
}

// wait reaps the process. It is the one goroutine a Process owns; it ends
// when the process does, and Stop and Kill wait for it.
func (p *Process) wait() {
	p.err = p.cmd.Wait()
	if p.guard != nil {
		// A guard that cannot be told has died; there is nobody left to warn.
		_ = p.guard.forget()
	}
	close(p.exited)
}

// PID is the process id; that of the ended process after its end.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited is closed when the process has ended and been reaped.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Err says how the process ended: nil for status 0, an *exec.ExitError
// otherwise. Before the end it is nil as well; ask Exited first.
func (p *Process) Err() error {
	select {
	case <-p.exited:
		return p.err
	default:
		return nil
	}
}

// Signal sends sig to the process: SIGSTOP and SIGCONT make a server that
// hangs and wakes up. Signalling an ended process is an error.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("send %s to %s (process %d): %w", sig, p.name, p.PID(), err)
	}
	return nil
}

// Stop asks the process to end with SIGTERM, and after grace, or when ctx
// ends, kills it. It returns once the process is gone. How the process ended
// is not an error of Stop; that it had to be killed is.
func (p *Process) Stop(ctx context.Context, grace time.Duration) error {
	// A stopped process would keep the SIGTERM waiting.
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return errors.Join(fmt.Errorf("stop %s (process %d): %w", p.name, p.PID(), err), p.Kill())
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
	case <-timer.C:
	}
	return errors.Join(fmt.Errorf("stop %s (process %d): it did not end when asked and was killed", p.name, p.PID()), p.Kill())
}

// Kill ends the process at once with SIGKILL, as a crash would, and returns
// when it is gone. Killing an ended process does nothing.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s (process %d): %w", p.name, p.PID(), err)
	}
	<-p.exited
	return nil
}
