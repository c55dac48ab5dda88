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

// becoming is how many times, a millisecond apart, a running process may be
// seen without a command line before that is taken for its answer. The kernel
// shows none for a moment while a process becomes another program.
const becoming = 200

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
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		out, err := exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
		if err != nil {
			return ""
		}
		return string(out)
	}
	dir := "/proc/" + strconv.Itoa(pid)
	for range becoming {
		text, err := os.ReadFile(dir + "/cmdline")
		if err != nil {
			return ""
		}
		if len(text) > 0 {
			return strings.ReplaceAll(string(text), "\x00", " ")
		}
		// It has ended, or is just becoming another program.
		stat, err := os.ReadFile(dir + "/stat")
		_, state, _ := strings.Cut(string(stat), ") ")
		if err != nil || strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X") {
			return ""
		}
		time.Sleep(time.Millisecond)
	}
	return ""
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
