package main

import (
	"context"
	"time"

	"github.com/berthdb/berth/shard/move"
)

// ownWorker is a job that this command runs itself, beside watching it. The
// methods of a nil one are of a job that is not run here.
type ownWorker struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error // what came of it, once done is closed
}

// runHere runs the job until it stands still or ctx ends; stop it.
func runHere(ctx context.Context, worker *move.Worker, id string) *ownWorker {
	ctx, cancel := context.WithCancel(ctx)
	w := &ownWorker{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.err = worker.RunJob(ctx, id)
	}()
	return w
}

// ended is closed when the job is no longer run here.
func (w *ownWorker) ended() <-chan struct{} {
	if w == nil {
		return nil
	}
	return w.done
}

// stop ends it, waits for that, and gives what came of it.
func (w *ownWorker) stop() error {
	if w == nil {
		return nil
	}
	w.cancel()
	<-w.done
	return w.err
}

// settle ends it once the job stands still: by itself, usually. If another
// worker has the job, this one would wait for it.
func (w *ownWorker) settle() error {
	if w == nil {
		return nil
	}
	select {
	case <-w.done:
	case <-time.After(endsWithin):
	}
	_ = w.stop() // the job's record says what came of it
	return nil
}
