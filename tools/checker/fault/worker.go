package fault

import (
	"context"
	"time"

	"github.com/berthdb/berth/tools/checker/stage"
)

// KillWorker kills the worker as kill -9 does. Its lock stays until it is seen
// to be dead.
type KillWorker struct{ Crew *stage.Crew }

func (f KillWorker) String() string { return "kill -9 the worker" }

// Inject kills it.
func (f KillWorker) Inject(context.Context) error {
	_, err := f.Crew.Kill()
	return err
}

// Heal starts another.
func (f KillWorker) Heal(ctx context.Context) error { return f.Crew.Arm(ctx, "") }

// Hold is short: another worker is there at once, and has to wait for the lock.
func (f KillWorker) Hold() (least, most time.Duration) { return 0, 2 * time.Second }

// StopWorker stops the worker for longer than its lock lasts, while another one
// takes its job, and wakes it.
type StopWorker struct{ Crew *stage.Crew }

func (f StopWorker) String() string { return "SIGSTOP the worker for longer than its lock" }

// Inject stops it.
func (f StopWorker) Inject(ctx context.Context) error {
	_, err := f.Crew.Freeze(ctx)
	return err
}

// Heal wakes it, lets it meet what the other has done, and ends it.
func (f StopWorker) Heal(ctx context.Context) error {
	if err := f.Crew.Thaw(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(3 * time.Second):
	}
	return f.Crew.Relieve(ctx)
}

// Hold is longer than the 10 s after which a silent holder's lock is taken.
func (f StopWorker) Hold() (least, most time.Duration) { return 14 * time.Second, 24 * time.Second }
