package move

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berthdb/berth/shard"
)

// recordKind is where the store keeps jobs.
const recordKind = "jobs"

var (
	// ErrNoJob: the store has no job of that id.
	ErrNoJob = errors.New("no such job")
	// ErrOverlap: another job works on the same members.
	ErrOverlap = errors.New("another job works on the same members")
	// ErrNotNow: the job is in a phase in which that can't be asked of it.
	ErrNotNow = errors.New("not possible now")
)

// Jobs reads and commands the jobs in a store. It is safe for concurrent use.
type Jobs struct {
	store shard.Store
}

// NewJobs works with the jobs of that store.
func NewJobs(store shard.Store) *Jobs { return &Jobs{store: store} }

// List is all jobs, the oldest first.
func (js *Jobs) List(ctx context.Context) ([]*Job, error) {
	records, err := js.store.Records(ctx, recordKind)
	if err != nil {
		return nil, fmt.Errorf("reading the jobs from %s: %w", js.store, err)
	}
	jobs := make([]*Job, 0, len(records))
	for _, r := range records {
		j, err := decodeJob(r.Name, r.Value)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	slices.SortFunc(jobs, func(a, b *Job) int {
		if c := a.StartedAt.Compare(b.StartedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return jobs, nil
}

// Get is one job, or ErrNoJob.
func (js *Jobs) Get(ctx context.Context, id string) (*Job, error) {
	j, _, err := js.get(ctx, id)
	return j, err
}

func (js *Jobs) get(ctx context.Context, id string) (*Job, shard.Record, error) {
	if err := shard.CheckName("job", id); err != nil {
		return nil, shard.Record{}, err
	}
	r, err := js.store.Record(ctx, recordKind, id)
	if errors.Is(err, shard.ErrNoRecord) {
		return nil, r, fmt.Errorf("job %s: %w; see `berth job list`", id, ErrNoJob)
	}
	if err != nil {
		return nil, r, fmt.Errorf("reading job %s from %s: %w", id, js.store, err)
	}
	j, err := decodeJob(id, r.Value)
	return j, r, err
}

// Update changes a job by fn, which is called again with the newer job when
// somebody else changed it meanwhile, and returns what is stored then. A fn
// that returns an error changes nothing.
func (js *Jobs) Update(ctx context.Context, id string, fn func(*Job) error) (*Job, error) {
	for {
		j, r, err := js.get(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := fn(j); err != nil {
			return nil, err
		}
		if r.Value, err = j.encode(); err != nil {
			return nil, fmt.Errorf("job %s: %w", id, err)
		}
		_, err = js.store.PutRecord(ctx, r)
		switch {
		case err == nil:
			return j, nil
		case errors.Is(err, shard.ErrConflict):
			continue
		default:
			return nil, fmt.Errorf("writing job %s to %s: %w", id, js.store, err)
		}
	}
}

// Create stores a new job, if no other one works on its members. Before that
// it lets edit give what moves an entry of its own in the map, which reports
// whether it had to.
func (js *Jobs) Create(ctx context.Context, j Job, edit func() (made bool, err error)) (*Job, error) {
	lock, err := js.creation(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Unlock(context.WithoutCancel(ctx)) }()
	span, err := j.Span()
	if err != nil {
		return nil, err
	}
	others, err := js.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		if err := overlap(span, o); err != nil {
			return nil, err
		}
	}
	if j.Made, err = edit(); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	j.ID, j.Phase, j.StartedAt, j.PhaseStartedAt, j.UpdatedAt = newID(now), Planned, now, now, now
	j.ETASeconds, j.RowsTotal = -1, j.Prediction.Rows
	value, err := j.encode()
	if err != nil {
		return nil, err
	}
	if _, err := js.store.PutRecord(ctx, shard.Record{Kind: recordKind, Name: j.ID, Value: value}); err != nil {
		return nil, fmt.Errorf("writing job %s to %s: %w", j.ID, js.store, err)
	}
	return &j, nil
}

// creation is the lock under which jobs are made, so that no two overlap and
// none begins while the schema is being changed.
func (js *Jobs) creation(ctx context.Context) (shard.Lock, error) {
	deadline := time.Now().Add(20 * time.Second)
	for {
		lock, err := js.store.Lock(ctx, shard.SchemaLock, "creating a job")
		var locked *shard.LockedError
		switch {
		case err == nil:
			return lock, nil
		case errors.As(err, &locked) && locked.Holder != "creating a job" && time.Now().Before(deadline.Add(-10*time.Second)):
		case errors.As(err, &locked) && time.Now().Before(deadline):
		case errors.As(err, &locked):
			return nil, fmt.Errorf("a move can't begin while the schema is being changed: %w; try again when that is over (`berth schema status`)", err)
		default:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// overlap refuses a span that a job which has not ended works on.
func overlap(span shard.Span, o *Job) error {
	if o.Phase.Ended() {
		return nil
	}
	other, err := o.Span()
	if err != nil {
		return err
	}
	if !overlaps(span, other) {
		return nil
	}
	next := "wait for it, or cancel it (`berth job cancel " + o.ID + "`)"
	if o.Phase == Reversible {
		next = "complete it first (`berth job complete " + o.ID + "`), or roll it back"
	}
	return fmt.Errorf("%w: job %s, %s from %s to %s, is %s; %s", ErrOverlap, o.ID, o.Subject(), o.From, o.To, o.Phase, next)
}

// overlaps reports whether two spans may share a member. A pin and the range
// around it don't by the map, but their rows are told apart by it only while
// the pin stands, so both are kept from moving at once.
func overlaps(a, b shard.Span) bool {
	switch {
	case a.IsPin() && b.IsPin():
		return a.Pin == b.Pin
	case a.IsPin():
		return b.Range.Contains(a.Pin.KeyspaceID())
	case b.IsPin():
		return a.Range.Contains(b.Pin.KeyspaceID())
	}
	return a.Range.Overlaps(b.Range)
}

// Ask writes what somebody wants of the job, if it can be wanted in its phase.
func (js *Jobs) Ask(ctx context.Context, id string, want Want, opts func(*Job)) (*Job, error) {
	return js.Update(ctx, id, func(j *Job) error {
		if err := askable(j, want); err != nil {
			return err
		}
		j.Want = want
		if want != WantPause {
			j.Paused = false
		}
		if want == WantRun {
			j.Approve = true
			switch j.Phase {
			case Ready:
				j.Options.Hold = false
			case Failed:
				j.enter(j.FailedIn)
				j.Error = ""
			}
		}
		if opts != nil {
			opts(j)
		}
		return nil
	})
}

func askable(j *Job, want Want) error {
	no := func(why string) error {
		return fmt.Errorf("job %s is %s: %s is %w: %s", j.ID, j.Phase, verb(want), ErrNotNow, why)
	}
	switch switched := !j.Switched.IsZero(); {
	case j.Phase.Ended():
		return no("it has ended")
	case want == WantCancel && switched:
		return no("its members live on " + j.To + " already; `berth job rollback " + j.ID + "` brings them back")
	case want == WantRollback && !switched:
		return no("its members are still on " + j.From + "; `berth job cancel " + j.ID + "` ends it")
	case want == WantComplete && !switched:
		return no("it has not switched yet")
	case (want == WantRollback || want == WantPause) && j.Phase == Cleaning && want == WantRollback:
		return no("the way back is closed; move the members back with `berth move`")
	case (want == WantRollback || want == WantComplete) && (j.Want == WantRollback || j.Want == WantComplete) && j.Want != want:
		return no("it was asked to " + string(j.Want) + " already")
	}
	return nil
}

func verb(w Want) string {
	if w == WantRun {
		return "resume"
	}
	return string(w)
}
