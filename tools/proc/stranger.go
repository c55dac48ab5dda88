package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// strangerPoll is how often a process that is not our child is looked at.
const strangerPoll = 50 * time.Millisecond

// Running reports whether the process with that id runs and has mark, usually
// its data directory, on its command line: whether it is still the process
// that somebody wrote down, and not another that got its id.
func Running(pid int, mark string) bool {
	if pid <= 0 || mark == "" {
		return false
	}
	return strings.Contains(commandLine(pid), mark)
}

// commandLine is empty for a process that has ended, reaped or not.
func commandLine(pid int) string {
	if text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline"); err == nil {
		return strings.ReplaceAll(string(text), "\x00", " ")
	} else if _, err := os.Stat("/proc/self"); err == nil {
		return ""
	}
	out, err := exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// End ends a process that another program started: SIGTERM, and SIGKILL after
// grace or when ctx ends. It returns when the process is gone. One that is not
// Running with that mark is left alone, without an error.
func End(ctx context.Context, pid int, mark string, grace time.Duration) error {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	tick := time.NewTicker(strangerPoll)
	defer tick.Stop()

	// A stopped process would keep the SIGTERM waiting.
	signals := []syscall.Signal{syscall.SIGCONT, syscall.SIGTERM}
	giveUp := ctx.Done()
	for Running(pid, mark) {
		for _, sig := range signals {
			if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("send %s to process %d: %w", sig, pid, err)
			}
		}
		signals = nil
		select {
		case <-tick.C:
		case <-giveUp:
			giveUp, signals = nil, []syscall.Signal{syscall.SIGKILL}
		case <-timer.C:
			signals = []syscall.Signal{syscall.SIGKILL}
		}
	}
	return nil
}
