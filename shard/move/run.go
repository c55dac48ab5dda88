package move

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/binlog"
	"github.com/berthdb/berth/shard/move/rows"
)

// Why a phase is left before it is over.
var (
	errPause    = errors.New("asked to pause")
	errCancel   = errors.New("asked to cancel")
	errRollback = errors.New("asked to roll back")
	errComplete = errors.New("asked to complete")
	errStill    = errors.New("nothing more is asked of the job")
	errAgain    = errors.New("what the job relies on has changed")
)

// run is one job under its lock.
type run struct {
	worker *Worker
	id     string
	once   bool // end when the job waits for its owner, instead of waiting too
	log    *slog.Logger
	fail   *failpoints

	span     shard.Span
	from, to *server
	genFrom  uint64 // generations of this run
	genTo    uint64
	tables   []rows.Table
	pins     map[shard.Member]bool // inside the range, at homes of their own

	asked    chan error   // what report found that the owner wants
	asks     atomic.Int64 // statements that copying and verifying have run on each server, about
	throttle *throttle

	mu       sync.Mutex
	started  bool
	acting   Want // what somebody wanted that is being done
	counters counters
	samples  []sample
}

// run goes through the phases until the job has ended or stands still.
func (r *run) run(ctx context.Context) error {
	for wait := 250 * time.Millisecond; ; {
		began := time.Now()
		err := r.session(ctx)
		switch {
		case err == nil, errors.Is(err, errAgain):
			continue
		case errors.Is(err, errStill), errors.Is(err, errSuperseded):
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		var stopped *stopError
		switch {
		case errors.Is(err, errPause):
			return r.update(ctx, func(j *Job) { j.Paused, j.Want = true, WantRun })
		case errors.Is(err, errFailed), errors.Is(err, binlog.ErrPurged):
			return errors.Join(err, r.update(ctx, func(j *Job) {
				r.stopping(j)
				j.Error, j.FailedIn = err.Error(), j.Phase
				j.enter(Failed)
			}))
		case errors.As(err, &stopped):
			return errors.Join(err, r.update(ctx, func(j *Job) {
				r.stopping(j)
				j.Error, j.Paused, j.Approve = err.Error(), true, false
			}))
		}
		// A server or the store that can't be reached now will be there later.
		r.log.Warn("a move was interrupted; it goes on", "err", err)
		_ = r.update(ctx, func(j *Job) { j.Error = "interrupted, trying again: " + err.Error() })
		if time.Since(began) > time.Minute {
			wait = 250 * time.Millisecond
		}
		if err := pauseFor(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, 5*time.Second)
	}
}

// errFailed is an end of trying; a resume begins again where it was.
var errFailed = errors.New("the move has failed")

// session opens the servers, finds out from the map where the job is, and goes
// on until something is over or goes wrong. nil asks for another session.
func (r *run) session(ctx context.Context) error {
	j, err := r.worker.jobs.Update(ctx, r.id, func(j *Job) error {
		if !j.wantsWork() {
			return errStill
		}
		j.Worker, j.Holder, j.UpdatedAt = r.worker.cfg.Name, r.worker.incarnation, time.Now().UTC()
		return nil
	})
	if err != nil {
		return err
	}
	r.setActing(j.Want)
	if r.span, err = j.Span(); err != nil {
		return err
	}
	m, err := r.worker.cfg.Store.Load(ctx)
	if err != nil {
		return err
	}
	truth, err := r.truth(ctx, j, m)
	if errors.Is(err, errElsewhere) && j.Want == WantCancel {
		return r.abandon(ctx, m, j)
	}
	if m = truth; err != nil {
		return err
	}
	if j, err = r.worker.jobs.Get(ctx, r.id); err != nil {
		return err
	}
	if err := r.open(ctx, m, j); err != nil {
		return err
	}
	defer r.close()
	r.start(j)
	r.asked = make(chan error, 1)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.report(ctx, cancel)
	}()
	defer func() { cancel(nil); <-done }()

	switch {
	case j.Phase == Cleaning:
		err = r.clean(ctx, m, j)
	case !j.Switched.IsZero():
		err = r.reversible(ctx, m, j)
	case j.Want == WantCancel:
		err = r.cancelled(ctx)
	default:
		err = r.forward(ctx, m, j)
	}
	if errors.Is(err, errCancel) {
		return nil // the next session does it
	}
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(cause, context.Canceled) {
		if errors.Is(cause, errCancel) {
			return nil // the next session does it
		}
		var stopped *stopError
		if !errors.As(err, &stopped) {
			return cause
		}
	}
	return err
}

// truth brings the record in line with the map, which alone decides: a freeze
// of an attempt that nobody makes any more ends, and a switch that was not
// recorded is.
func (r *run) truth(ctx context.Context, j *Job, m *shard.Map) (*shard.Map, error) {
	if j.Phase == Cleaning {
		return m, nil
	}
	entry, ok := m.Find(r.span)
	if !ok {
		return nil, r.elsewhere("the map of epoch %d has no entry %s any more", m.Epoch(), r.span)
	}
	if f := entry.Frozen; f != nil {
		if !strings.HasPrefix(f.Attempt, r.id+"/") {
			return nil, stop("%s is frozen by attempt %s, which is not of this job", r.span, f.Attempt)
		}
		if err := abortAttempt(ctx, r.worker.cfg.Store, r.span, f.Attempt, r.change("abort attempt "+f.Attempt), r.fail); err != nil {
			return nil, err
		}
		var err error
		if m, err = r.worker.cfg.Store.Load(ctx); err != nil {
			return nil, err
		}
		if entry, ok = m.Find(r.span); !ok {
			return nil, r.elsewhere("the map of epoch %d has no entry %s any more", m.Epoch(), r.span)
		}
	}
	switch {
	case entry.Shard == j.To && j.Switched.IsZero():
		return m, r.switched(ctx, 0)
	case entry.Shard == j.From && !j.Switched.IsZero():
		return m, r.returned(ctx)
	case entry.Shard != j.To && entry.Shard != j.From:
		return nil, r.elsewhere("%s is on shard %s, which is neither %s nor %s", r.span, entry.Shard, j.From, j.To)
	}
	return m, nil
}

// errElsewhere: the map was changed past the job, which can't go on.
var errElsewhere = errors.New("somebody has changed the map by hand")

func (r *run) elsewhere(format string, args ...any) error {
	return stop("%w: %s; cancel the job: `berth job cancel %s`", errElsewhere, fmt.Sprintf(format, args...), r.id)
}

// abandon ends a job that the map was changed past. Whose rows are where is no
// longer known, so none is removed.
func (r *run) abandon(ctx context.Context, m *shard.Map, j *Job) error {
	if err := r.open(ctx, m, j); err != nil {
		return err
	}
	defer r.close()
	for _, s := range []*server{r.from, r.to} {
		if err := forget(ctx, s.db, r.id); err != nil {
			return err
		}
	}
	return r.update(ctx, func(j *Job) {
		j.note("no row was removed, since the map does not say where %s lives: look for what is left on shard %s", j.Subject(), j.To)
		j.enter(Cancelled)
	})
}

// open connects to both servers and takes the job over on them.
func (r *run) open(ctx context.Context, m *shard.Map, j *Job) (err error) {
	r.close()
	if r.from, err = r.worker.cfg.open(m, j.From, r.worker.incarnation); err != nil {
		return err
	}
	if r.to, err = r.worker.cfg.open(m, j.To, r.worker.incarnation); err != nil {
		return err
	}
	r.pins = map[shard.Member]bool{}
	if !r.span.IsPin() {
		for _, e := range m.Entries() {
			if e.Span.IsPin() && r.span.Range.Contains(e.Span.Pin.KeyspaceID()) {
				r.pins[e.Span.Pin] = true
			}
		}
	}
	if err := r.fail.at("before-generation"); err != nil {
		return err
	}
	for _, s := range []*server{r.from, r.to} {
		if err := makeTables(ctx, s.db); err != nil {
			return fmt.Errorf("shard %s: %w", s.shard.Name, err)
		}
	}
	toIsTarget := j.Switched.IsZero() && j.Phase != Cleaning
	if r.genFrom, err = takeUp(ctx, r.from, r.id, r.span, r.worker.cfg.Name, false); err != nil {
		return fmt.Errorf("taking the job up on shard %s: %w", j.From, err)
	}
	if r.genTo, err = takeUp(ctx, r.to, r.id, r.span, r.worker.cfg.Name, toIsTarget); err != nil {
		return fmt.Errorf("taking the job up on shard %s: %w", j.To, err)
	}
	if err := r.fail.at("after-generation"); err != nil {
		return err
	}
	if r.tables, err = rows.Inspect(ctx, r.from.db, sharded(m)); err != nil {
		return fmt.Errorf("shard %s: %w", j.From, err)
	}
	return nil
}

func (r *run) close() {
	for _, s := range []*server{r.from, r.to} {
		if s != nil {
			s.close()
		}
	}
	r.from, r.to = nil, nil
}

// sharded are the tables of the catalogue that move.
func sharded(m *shard.Map) (tables []shard.Table) {
	for t := range m.Tables() {
		if t.Kind == shard.Sharded {
			tables = append(tables, t)
		}
	}
	return tables
}

// belongs reports whether the member's rows are what moves.
func (r *run) belongs(m shard.Member) bool { return r.span.Covers(m) && !r.pins[m] }

// samePins refuses a map in which other members are pinned inside the range
// than were left out of the copy.
func (r *run) samePins(m *shard.Map) error {
	if r.span.IsPin() {
		return nil
	}
	n := 0
	for _, e := range m.Entries() {
		if e.Span.IsPin() && r.span.Range.Contains(e.Span.Pin.KeyspaceID()) {
			if n++; !r.pins[e.Span.Pin] {
				return fmt.Errorf("%w: member %s was pinned meanwhile; cancel the job and start it again", errFailed, e.Span.Pin)
			}
		}
	}
	if n != len(r.pins) {
		return fmt.Errorf("%w: a member was unpinned meanwhile; cancel the job and start it again", errFailed)
	}
	return nil
}

// pinsDigest names the pins that were left out.
func (r *run) pinsDigest() string {
	var ids []string
	for m := range r.pins {
		ids = append(ids, m.String())
	}
	slices.Sort(ids)
	sum := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	return hex.EncodeToString(sum[:8])
}

func (r *run) change(action string) shard.Change {
	return shard.Change{Author: r.worker.cfg.Name, Time: time.Now().UTC(), Action: action, Reason: "job " + r.id}
}

// update changes the record, trying for a while when the store can't be
// reached.
func (r *run) update(ctx context.Context, fn func(*Job)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for {
		_, err := r.write(ctx, fn)
		if err == nil || errors.Is(err, ErrNoJob) || errors.Is(err, errSuperseded) || pauseFor(ctx, 200*time.Millisecond) != nil {
			return err
		}
	}
}

// write changes the record once, with the counters as they are. It is refused
// to a worker from which another one has taken the job.
func (r *run) write(ctx context.Context, fn func(*Job)) (*Job, error) {
	return r.worker.jobs.Update(ctx, r.id, func(j *Job) error {
		if j.Holder != r.worker.incarnation {
			return errSuperseded
		}
		r.merge(j)
		fn(j)
		j.UpdatedAt = time.Now().UTC()
		return nil
	})
}

func (r *run) enter(ctx context.Context, p Phase) error {
	r.log.Info("phase", "phase", p)
	return r.update(ctx, func(j *Job) {
		j.enter(p)
		j.Error = ""
	})
}
