package move

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Failpoints are the steps at which a test may strike a worker. Each is named
// "before-STEP" or "after-STEP".
//
// BERTH_FAILPOINT=NAME=ACTION in the worker's environment arms one; ACTION is
// kill (the process dies as by kill -9), stop (it is stopped as by SIGSTOP),
// sleep:DURATION, error, or touch:PATH (the file is made, and the worker waits
// until it is gone, so that a test can do something meanwhile). It strikes
// once in a process.
type failpoints struct {
	name, action string
	struck       atomic.Bool
}

const failpointVariable = "BERTH_FAILPOINT"

// newFailpoints arms what is given, or else what the environment says.
func newFailpoints(armed string) *failpoints {
	if armed == "" {
		armed = os.Getenv(failpointVariable)
	}
	name, action, _ := strings.Cut(armed, "=")
	return &failpoints{name: name, action: action}
}

// Failpoints are the names, in the order in which a move passes them. One more,
// after-part, comes only where a member is copied in parts.
func Failpoints() []string {
	return []string{
		"before-generation", "after-generation",
		"before-chunk", "before-record-chunk", "after-chunk", // before the record: in the middle of a transaction
		"before-apply", "after-apply",
		"before-verify",
		"before-freeze", "after-freeze",
		"before-fence", "after-fence",
		"before-acknowledgements", "after-acknowledgements",
		"before-list", "after-list",
		"before-kill", "after-kill", // of each session that is no acknowledged router's
		"after-gone",
		"before-last-position", "after-last-position",
		"after-catch-up", "after-way-back",
		"before-switch", "after-switch",
		"before-record-switch", "after-record-switch",
		"before-abort", "after-abort",
		"before-clean", "after-clean",
	}
}

// at strikes if the failpoint of that name is armed.
func (f *failpoints) at(name string) error {
	if f == nil || f.name == "" || f.name != name || f.struck.Swap(true) {
		return nil
	}
	action, arg, _ := strings.Cut(f.action, ":")
	switch action {
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(10 * time.Millisecond) // the signal may arrive a moment later
	case "sleep":
		d, err := time.ParseDuration(arg)
		if err != nil {
			return fmt.Errorf("failpoint %s: %w", name, err)
		}
		time.Sleep(d)
	case "touch":
		if err := os.WriteFile(arg, []byte(name+"\n"), 0o644); err != nil {
			return fmt.Errorf("failpoint %s: %w", name, err)
		}
		for {
			if _, err := os.Stat(arg); os.IsNotExist(err) {
				return nil
			}
			time.Sleep(5 * time.Millisecond)
		}
	case "error":
		return fmt.Errorf("failpoint %s", name)
	}
	return nil
}
