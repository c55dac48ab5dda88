package move

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/berthdb/berth/shard"
)

// Worker runs the jobs that nobody else runs. It is safe for concurrent use.
type Worker struct {
	cfg         Config
	jobs        *Jobs
	incarnation string // of its sessions on servers
	fail        *failpoints

	mu      sync.Mutex
	running map[string]bool
}

// NewWorker checks the configuration; it dials nothing.
func NewWorker(cfg Config) (*Worker, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	return &Worker{cfg: cfg, jobs: NewJobs(cfg.Store), incarnation: rand.Text(), fail: newFailpoints(cfg.limits.failpoint), running: map[string]bool{}}, nil
}

// Run takes up every job that nobody works on, also those of workers that
// died, until ctx ends, and waits for them to stand still. Jobs go on with
// another worker, or with the next Run.
func (w *Worker) Run(ctx context.Context) error {
	var runs sync.WaitGroup
	defer runs.Wait()
	for warned := false; ; {
		jobs, err := w.jobs.List(ctx)
		switch {
		case err == nil:
			warned = false
		case ctx.Err() == nil && !warned:
			w.cfg.Logger.Warn("the jobs can't be read; running ones go on", "err", err)
			warned = true
		}
		for _, j := range jobs {
			if !j.wantsWork() || !w.take(j.ID) {
				continue
			}
			runs.Go(func() {
				defer w.give(j.ID)
				err := w.locked(ctx, j.ID, false)
				if err != nil && !errors.Is(err, shard.ErrLocked) && ctx.Err() == nil {
					w.cfg.Logger.Error("a job stands still", "job", j.ID, "err", err)
				}
			})
		}
		if err := pauseFor(ctx, w.cfg.limits.lookEvery); err != nil {
			return nil //nolint:nilerr // being told to end is no failure
		}
	}
}

// wantsWork reports whether there is something to do for a worker.
func (j *Job) wantsWork() bool {
	if j.Phase.Ended() {
		return false
	}
	standing := j.Paused || j.Phase == Failed
	return !standing || j.Want == WantCancel || j.Want == WantRollback || j.Want == WantComplete
}

func (w *Worker) take(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running[id] {
		return false
	}
	w.running[id] = true
	return true
}

func (w *Worker) give(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.running, id)
}

// RunJob runs one job until it has ended, stands still on request (paused,
// held, or reversible with nothing asked of it), or failed, whose error it
// returns. It waits while another worker has the job. A ctx that ends leaves
// the job to be taken up again.
func (w *Worker) RunJob(ctx context.Context, id string) error {
	for {
		err := w.locked(ctx, id, true)
		if !errors.Is(err, shard.ErrLocked) {
			return err
		}
		j, err := w.jobs.Get(ctx, id)
		if err != nil {
			return err
		}
		if j.standsStill() {
			return nil
		}
		if err := pauseFor(ctx, w.cfg.limits.lookEvery); err != nil {
			return err
		}
	}
}

// standsStill reports whether somebody has to ask for something before the job
// does any more that its owner waits for.
func (j *Job) standsStill() bool {
	switch {
	case j.Phase.Ended():
		return true
	case j.Want != WantRun:
		return false
	}
	return j.Paused || j.Phase == Failed || j.Phase == Reversible || (j.Phase == Ready && j.Options.Hold)
}

// locked runs the job under its lock.
func (w *Worker) locked(ctx context.Context, id string, once bool) error {
	lock, err := w.cfg.Store.Lock(ctx, shard.JobLock(id), w.cfg.Name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-lock.Lost():
			cancel(errLockLost)
		case <-done:
		}
	}()
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := lock.Unlock(ctx); err != nil {
			w.cfg.Logger.Warn("a job's lock was not given back; it ends by itself", "job", id, "err", err)
		}
	}()
	r := &run{worker: w, id: id, once: once, log: w.cfg.Logger.With("job", id), fail: w.fail}
	return r.run(ctx)
}

var errLockLost = errors.New("the job's lock was lost")

// Start makes the plan's job: it cuts or pins in the map what is to move, and
// stores the job. A Worker does the rest. A plan with refusals is refused.
func Start(ctx context.Context, cfg Config, p *Plan) (*Job, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	if err := p.Refused(); err != nil {
		return nil, err
	}
	j := Job{
		Kind: p.Kind, Range: p.Range, Member: p.Member, From: p.From, To: p.To,
		Author: p.request.Author, Reason: p.request.Reason, Options: p.request.Options,
		Prediction: Forecast{Rows: p.Rows, Bytes: p.Bytes, CopyS: p.CopySeconds, PauseMs: p.PauseMs},
	}
	if p.Kind == KindMerge {
		j.Join = &[2]shard.Range{p.request.Range, p.request.With}
		if j.Join[0].Start > j.Join[1].Start {
			j.Join[0], j.Join[1] = j.Join[1], j.Join[0]
		}
	}
	return NewJobs(cfg.Store).Create(ctx, j, func() (made bool, err error) { return p.edit(ctx, cfg.Store) })
}

// edit gives what is to move an entry of its own in the map, if it has none.
func (p *Plan) edit(ctx context.Context, store shard.Store) (made bool, err error) {
	for range 100 {
		m, err := store.Load(ctx)
		if err != nil {
			return false, err
		}
		if entry, ok := m.Find(p.span); ok {
			if entry.Shard != p.From {
				return false, fmt.Errorf("%s is on shard %s now, not %s: make the plan again", p.span, entry.Shard, p.From)
			}
			return made, nil
		}
		change := shard.Change{Author: p.request.Author, Time: time.Now().UTC(), Reason: p.request.Reason}
		var next *shard.Map
		if p.span.IsPin() {
			change.Action = "pin member " + p.Member + " to move it"
			next, err = m.Pin(change, p.span.Pin)
		} else {
			change.Action = "cut range " + p.request.Range.String() + " at " + p.Cut
			next, err = m.Cut(change, p.span.Range.Start)
		}
		if err != nil {
			return false, err
		}
		err = store.Swap(ctx, m, next)
		if err != nil && !errors.Is(err, shard.ErrConflict) && !errors.Is(err, shard.ErrUnknownOutcome) {
			return false, err
		}
		made = true
	}
	return false, errors.New("the map changes too fast to be cut or pinned; try again")
}
