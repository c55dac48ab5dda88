package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/berthdb/berth/tools/checker/control"
	"github.com/berthdb/berth/tools/proc"
)

// PasswordVariable is the environment variable that has the MySQL password of a
// process.
const PasswordVariable = "BERTH_CHECKER_PASSWORD"

// startLimit bounds the start of a process, on a machine that is busy.
const startLimit = 60 * time.Second

// process is a program of ours that is started again and again. Its methods may
// be called from several goroutines.
type process struct {
	name, program, dir string
	control            *switchboard

	mu     sync.Mutex
	starts int
	guard  *proc.Guard
	proc   *proc.Process
	link   *control.Link
}

// start starts it once more; args gives the arguments for that start.
func (p *process) start(ctx context.Context, env []string, args func(start int) []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.alive() {
		return fmt.Errorf("start %s: it runs already", p.name)
	}
	if err := p.clear(); err != nil {
		return err
	}
	p.starts++
	name := fmt.Sprintf("%s-%d", p.name, p.starts)
	dir := filepath.Join(p.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	guard, err := proc.NewGuard(dir, true)
	if err != nil {
		return err
	}
	p.guard = guard
	hello := control.Hello{Name: p.name, Start: p.starts}
	call := p.control.expect(hello)
	p.proc, err = proc.Start(proc.Spec{
		Name: name, Path: p.program, Dir: dir, Log: filepath.Join(dir, "log"), Guard: guard,
		Args: append(args(p.starts), "--dir", dir, "--control", p.control.addr(), "--name", p.name, "--start", fmt.Sprint(p.starts)),
		Env:  append(os.Environ(), env...),
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if p.link, err = p.control.connect(ctx, hello, call, p.proc.Exited()); err != nil {
		err = fmt.Errorf("start %s: %w; the end of its log:\n%s", name, err, proc.Tail(filepath.Join(dir, "log"), 15))
		return errors.Join(err, p.proc.Kill())
	}
	return nil
}

// alive, clear: the caller holds mu.
func (p *process) alive() bool {
	if p.proc == nil {
		return false
	}
	select {
	case <-p.proc.Exited():
		return false
	default:
		return true
	}
}

// clear puts away what the last start left.
func (p *process) clear() error {
	if p.link != nil {
		_ = p.link.Close()
		p.link = nil
	}
	if p.guard == nil {
		return nil
	}
	err := p.guard.StandDown()
	p.guard = nil
	return err
}

// Alive reports whether it runs, or is stopped.
func (p *process) Alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alive()
}

// Exited is closed when its last start has ended.
func (p *process) Exited() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.proc.Exited()
}

// Kill ends it as kill -9 does.
func (p *process) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kill()
}

func (p *process) kill() error {
	if p.proc == nil {
		return nil
	}
	return p.proc.Kill()
}

// Freeze stops it as SIGSTOP does; Thaw wakes it.
func (p *process) Freeze() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.alive() {
		return fmt.Errorf("stop %s: it does not run", p.name)
	}
	return p.proc.Freeze()
}

// Thaw wakes it. One that has ended meanwhile is left alone.
func (p *process) Thaw() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.alive() {
		return nil
	}
	return p.proc.Signal(syscall.SIGCONT)
}

// Stop asks it to end, and kills it if it does not.
func (p *process) Stop(ctx context.Context, grace time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.alive() {
		return nil
	}
	return p.proc.Stop(ctx, grace)
}

// close ends it for good.
func (p *process) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.kill(), p.clear())
}
