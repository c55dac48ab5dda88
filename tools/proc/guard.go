package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// guardScript reads orders from its input: "watch PID", "forget" or "bye".
// End-of-file is the program's death, or Fire. The loop that waits for the
// killed process is bounded, because under an init that reaps nothing an
// ended process is listed for ever. The removal is tried more than once,
// because below a directory with several servers others may still be ending;
// so is the look at the command line, which is empty for a moment while a
// process becomes another program.
const guardScript = `
trap '' HUP INT QUIT TERM
dir=$1
keep=$2
pid=
while read -r order arg; do
	case $order in
	watch) pid=$arg ;;
	forget) pid= ;;
	bye) exit 0 ;;
	esac
done
if [ -n "$pid" ]; then
	i=0
	line=
	while [ -z "$line" ] && [ $i -lt 20 ] && kill -0 "$pid" 2>/dev/null; do
		[ $i -eq 0 ] || sleep 0.05
		i=$((i + 1))
		if [ -r "/proc/$pid/cmdline" ]; then
			line=$(tr '\000' ' ' <"/proc/$pid/cmdline")
		else
			line=$(ps -o args= -p "$pid" 2>/dev/null)
		fi
	done
	case $line in
	*"$dir"*)
		kill -KILL "$pid" 2>/dev/null
		i=0
		while [ $i -lt 200 ] && kill -0 "$pid" 2>/dev/null; do
			i=$((i + 1))
			sleep 0.05
		done
		;;
	esac
fi
[ "$keep" = keep ] && exit 0
i=0
until rm -rf -- "$dir" 2>/dev/null || [ $i -ge 200 ]; do
	i=$((i + 1))
	sleep 0.05
done
`

// Guard outlives the program that made it by as long as it takes to kill the
// process it watches and remove its directory, if it is not to be kept.
type Guard struct {
	dir string

	mu   sync.Mutex
	pipe *os.File // nil once the guard was told its last word
	cmd  *exec.Cmd
}

// NewGuard starts the guard of dir: an absolute path that holds nothing but
// what the guarded process writes, since all of it is removed unless keep is
// true. Then the guard only ends the process.
func NewGuard(dir string, keep bool) (*Guard, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open the guard's pipe for %s: %w", dir, err)
	}
	defer r.Close()
	// No output is connected: a guard that held the standard output of a test
	// would keep the go command waiting for it.
	cmd := exec.Command("/bin/sh", "-c", guardScript, "berth-guard", dir)
	if keep {
		cmd.Args = append(cmd.Args, "keep")
	}
	cmd.Dir = "/"
	cmd.Stdin = r
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		w.Close()
		return nil, fmt.Errorf("start the guard of %s: %w", dir, err)
	}
	return &Guard{dir: dir, pipe: w, cmd: cmd}, nil
}

// watch names the process to kill. A guard watches one at a time.
func (g *Guard) watch(pid int) error {
	return g.tell(fmt.Sprintf("watch %d\n", pid))
}

// forget follows the confirmed end of the watched process.
func (g *Guard) forget() error {
	return g.tell("forget\n")
}

func (g *Guard) tell(order string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pipe == nil {
		return nil
	}
	if _, err := g.pipe.WriteString(order); err != nil {
		return fmt.Errorf("tell the guard of %s: %w", g.dir, err)
	}
	return nil
}

// StandDown ends the guard and leaves the process and the directory as they
// are: for servers that are meant to outlive the program.
func (g *Guard) StandDown() error {
	return g.end("bye\n")
}

// Fire has the guard do its work now: kill the process if it still runs, and
// remove the directory if it is to be removed. It returns when that is done. Calling it again, or
// after StandDown, does nothing.
func (g *Guard) Fire() error {
	return g.end("")
}

func (g *Guard) end(order string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pipe == nil {
		return nil
	}
	var err error
	if order != "" {
		_, err = g.pipe.WriteString(order)
	}
	err = errors.Join(err, g.pipe.Close(), g.cmd.Wait())
	g.pipe = nil
	if err != nil {
		return fmt.Errorf("end the guard of %s: %w", g.dir, err)
	}
	return nil
}
