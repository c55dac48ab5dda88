package stage

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// Worker is a process that runs moves.
type Worker struct {
	process
}

// FailpointVariable is what arms a failpoint of the mover's.
const FailpointVariable = "BERTH_FAILPOINT"

// StartWorker starts a worker. The failpoint, NAME=ACTION, strikes it once;
// empty: none does. Stop, Kill or Close it.
func (s *Stage) StartWorker(ctx context.Context, failpoint string) (*Worker, error) {
	s.mu.Lock()
	s.workers++
	name := fmt.Sprintf("w%d", s.workers)
	s.mu.Unlock()
	w := &Worker{process{name: name, program: s.cfg.Program, dir: filepath.Join(s.cfg.Dir, "processes"), control: s.control}}
	root := s.Shards[0].Server.Root()
	env := []string{PasswordVariable + "=" + root.Password, FailpointVariable + "=" + failpoint}
	err := w.start(ctx, env, func(int) []string {
		return []string{"worker", "--consul", s.Consul.Addr(), "--prefix", prefix, "--user", root.User}
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Name is the worker's name.
func (w *Worker) Name() string { return w.name }

// Close ends the worker: it is asked to, woken if it is stopped, and killed if
// it does not.
func (w *Worker) Close(ctx context.Context) error {
	err := w.Stop(ctx, 20*time.Second)
	if closing := w.close(); err == nil {
		err = closing
	}
	return err
}
