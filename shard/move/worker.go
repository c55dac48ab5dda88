package move

import (
	"context"
)

// Worker runs the jobs that nobody else runs.
type Worker struct {
	cfg  Config
	jobs *Jobs
}

// NewWorker checks the configuration; it dials nothing.
func NewWorker(cfg Config) (*Worker, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	return &Worker{cfg: cfg, jobs: NewJobs(cfg.Store)}, nil
}

// Start makes the plan's job: it cuts or pins in the map what is to move, and
// stores the job. A Worker does the rest.
func Start(ctx context.Context, cfg Config, p *Plan) (*Job, error) { return nil, nil }

// Run takes up every job that nobody works on, also those of workers that
// died, until ctx ends, and waits for them to stand still. Jobs go on with
// another worker, or with the next Run.
func (w *Worker) Run(ctx context.Context) error { return nil }

// RunJob runs one job until it has ended, stands still on request (paused, or
// reversible), or failed, whose error it returns. It waits while another
// worker has the job. A ctx that ends leaves the job to be taken up again.
func (w *Worker) RunJob(ctx context.Context, id string) error { return nil }
