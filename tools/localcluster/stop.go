package localcluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/berthdb/berth/tools/proc"
)

// stopGrace is how long each server may take to shut down in order.
const stopGrace = 30 * time.Second

// Stop ends the recorded processes that still are what was written down, side
// by side, and returns how many there were. The data stays.
func (r *Recorded) Stop(ctx context.Context, log *slog.Logger) (stopped int, err error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	lock, err := lockDir(r.dir)
	if err != nil {
		return 0, err
	}
	defer lock.Close()

	var group sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for _, p := range r.processes() {
		if !proc.Running(p.pid, p.mark) {
			log.Info("does not run any more", "server", p.name, "pid", p.pid)
			continue
		}
		stopped++
		group.Go(func() {
			err := proc.End(ctx, p.pid, p.mark, stopGrace)
			if err == nil {
				log.Info("stopped", "server", p.name, "pid", p.pid)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, fmt.Errorf("stop the %s: %w", p.name, err))
		})
	}
	group.Wait()
	return stopped, errors.Join(errs...)
}

// Remove deletes the directory of a stopped cluster, data and all.
func (r *Recorded) Remove() error {
	if up, all := r.Running(); up > 0 {
		return fmt.Errorf("remove the cluster in %s: %d of its %d servers run; stop it first", r.dir, up, all)
	}
	if err := os.RemoveAll(r.dir); err != nil {
		return fmt.Errorf("remove the cluster: %w", err)
	}
	return nil
}
