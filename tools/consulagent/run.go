package consulagent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/berthdb/berth/tools/proc"
)

const (
	// stopGrace is how long an agent may take to end before it is killed.
	stopGrace = 15 * time.Second
	// readyPoll is how often a starting agent is asked.
	readyPoll = 25 * time.Millisecond
)

// run starts the process; the caller holds mu, or nobody else knows a yet.
func (a *Agent) run() error {
	p, err := proc.Start(proc.Spec{
		Name:  a.name(),
		Path:  a.program,
		Args:  []string{"agent", "-config-file=" + a.configFile(), "-config-file=" + a.extraFile()},
		Log:   a.LogFile(),
		Guard: a.guard,
	})
	if err != nil {
		return err
	}
	a.process = p
	return nil
}

// ready waits until the agent answers a read that its leader has confirmed.
func (a *Agent) ready(ctx context.Context) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		// The key is not there; being told so, and not that there is no
		// leader or that the token is unknown, is the answer waited for.
		status, _, err := a.get(ctx, "/v1/kv/berth-is-ready?consistent")
		if err == nil && status == http.StatusNotFound {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("it answers %s", http.StatusText(status))
		}
		select {
		case <-a.process.Exited():
			err = fmt.Errorf("it ended with %w", a.process.Err())
		case <-ctx.Done():
			err = fmt.Errorf("it is not ready: %w (last: %w)", ctx.Err(), err)
		case <-tick.C:
			continue
		}
		return fmt.Errorf("start %s: %w; the end of its log %s:\n%s", a.name(), err, a.LogFile(), proc.Tail(a.LogFile(), 15))
	}
}

// get asks the agent's HTTP API.
func (a *Agent) get(ctx context.Context, path string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.Addr()+path, nil)
	if err != nil {
		return 0, nil, err
	}
	req.Close = true // a kept connection would outlive the agent
	req.Header.Set("X-Consul-Token", a.Token())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, body, err
}

// Leader is the ServerAddr of the leader that this agent knows; empty while
// it knows none.
func (a *Agent) Leader(ctx context.Context) (string, error) {
	status, body, err := a.get(ctx, "/v1/status/leader")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("it answers %s", http.StatusText(status))
	}
	var leader string
	if err == nil {
		err = json.Unmarshal(body, &leader)
	}
	if err != nil {
		return "", fmt.Errorf("ask %s for its leader: %w", a.name(), err)
	}
	return leader, nil
}

// Restart starts the agent again on its ports, with its data, after stopping
// it if it runs, and returns when it is ready. It brings back a killed one.
func (a *Agent) Restart(ctx context.Context) error {
	return a.restart(ctx, func() error { return nil })
}

// RestartEmpty is Restart with the data lost, as after the loss of a disk:
// keys, sessions and policies are gone, and indexes start from the beginning.
func (a *Agent) RestartEmpty(ctx context.Context) error {
	return a.restart(ctx, func() error {
		if err := os.RemoveAll(a.dataDir()); err != nil {
			return fmt.Errorf("remove the data of %s: %w", a.name(), err)
		}
		return nil
	})
}

func (a *Agent) restart(ctx context.Context, between func() error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.stop(ctx); err != nil {
		return err
	}
	if err := between(); err != nil {
		return err
	}
	if err := a.run(); err != nil {
		return err
	}
	if err := a.ready(ctx); err != nil {
		return errors.Join(err, a.process.Kill())
	}
	return nil
}

// Stop asks the agent to end and keeps its data; Restart brings it back.
func (a *Agent) Stop(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stop(ctx)
}

func (a *Agent) stop(ctx context.Context) error {
	if a.process == nil {
		return nil
	}
	select {
	case <-a.process.Exited():
		return nil
	default:
		return a.process.Stop(ctx, stopGrace)
	}
}

// Kill ends the agent at once, as a crash would, and keeps its data.
func (a *Agent) Kill() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.process == nil {
		return nil
	}
	return a.process.Kill()
}

// Freeze stops the agent's process where it is: connections stay open and
// nothing answers. Thaw wakes it up.
func (a *Agent) Freeze() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.process.Freeze()
}

// Thaw undoes Freeze.
func (a *Agent) Thaw() error { return a.Signal(syscall.SIGCONT) }

// Signal sends a signal to the agent's process.
func (a *Agent) Signal(sig os.Signal) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.process.Signal(sig)
}

// PID is the process id of the agent, or of its last run.
func (a *Agent) PID() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.process.PID()
}

// Close kills the agent, removes its directory unless that held something
// before, and gives the ports back. Closing twice is harmless.
func (a *Agent) Close() error {
	err := a.Kill()
	if a.guard != nil {
		err = errors.Join(err, a.guard.Fire())
	}
	for _, p := range []*proc.Port{a.ports.http, a.ports.serf, a.ports.rpc, a.ports.https} {
		if p != nil {
			err = errors.Join(err, p.Release())
		}
	}
	return err
}

// Detach lets the agent and its data outlive this program. From then on
// nobody ends it but who knows its process id.
func (a *Agent) Detach() error { return a.guard.StandDown() }

func (a *Agent) name() string { return "the Consul agent on " + a.Addr() }
