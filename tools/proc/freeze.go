package proc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// freezeLimit is how long Freeze waits for the process to stand still.
const freezeLimit = 10 * time.Second

// Freeze stops the process where it is, and returns when each of its threads
// stands still: SIGSTOP comes to them one after the other, and on a busy
// machine one of them may answer a while longer. Where there is no /proc it
// returns at once.
func (p *Process) Freeze() error {
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for end := time.Now().Add(freezeLimit); ; time.Sleep(time.Millisecond) {
		stats, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(p.PID()), "task", "*", "stat"))
		if err != nil || stopped(stats) {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("freeze %s: it does not stand still", p.name)
		}
	}
}

// stopped reports whether every thread is in the state T. The state comes
// after the thread's name, which ends with the last closing bracket.
func stopped(stats []string) bool {
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		if _, after, ok := bytes.Cut(b[max(0, bytes.LastIndexByte(b, ')')):], []byte(") ")); !ok || after[0] != 'T' {
			return false
		}
	}
	return true
}
