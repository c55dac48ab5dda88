package motion

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// Loop is motions one after the other.
type Loop struct {
	Config  move.Config
	Members []int64
	Seed    uint64
	Say     func(format string, args ...any) // a line a motion
	// Limit is how long a job may take for any one step while things fail; 0:
	// 5 min.
	Limit time.Duration

	motions uint64
	random  *rand.Rand // of the motion, so that one does not depend on how another went

	mu       sync.Mutex
	problems []string
	done     map[string]int // motions by how they ended
}

// poll is how often a job is looked at.
const poll = 200 * time.Millisecond

// Run moves until ctx ends, and leaves then what is under way.
func (l *Loop) Run(ctx context.Context) error {
	if l.Limit == 0 {
		l.Limit = 5 * time.Minute
	}
	for ctx.Err() == nil {
		l.motions++
		l.random = rand.New(rand.NewPCG(l.Seed, l.motions))
		if err := l.once(ctx); err != nil && ctx.Err() == nil {
			l.Say("motion: %v", err)
		}
		l.sleep(ctx, time.Duration(l.random.Int64N(int64(2*time.Second))))
	}
	return nil
}

// once makes one motion. Its errors are of no importance: what a fault kept
// from beginning will be begun another time.
func (l *Loop) once(ctx context.Context) error {
	if job, err := l.left(ctx); err != nil {
		return err
	} else if job != nil {
		return l.follow(ctx, job, ending{want: move.WantComplete}) // begun by an attempt whose answer was lost
	}
	m, err := l.Config.Store.Load(ctx)
	if err != nil {
		return err
	}
	request := l.choose(m)
	plan, err := move.MakePlan(ctx, l.Config, request)
	if err != nil {
		return err
	}
	if err := plan.Refused(); err != nil {
		return err
	}
	job, err := move.Start(ctx, l.Config, plan)
	if err != nil {
		return err
	}
	end := l.ending()
	l.Say("motion: job %s, %s of %s from %s to %s, to be %s", job.ID, job.Kind, job.Subject(), job.From, job.To, end.name)
	return l.follow(ctx, job, end)
}

// left is a job that has not ended.
func (l *Loop) left(ctx context.Context) (*move.Job, error) {
	jobs, err := move.NewJobs(l.Config.Store).List(ctx)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if !j.Phase.Ended() {
			return j, nil
		}
	}
	return nil, nil
}

// Settle brings everything that was begun to its end, when all faults are
// healed, and gives the problems that there were, those of Run included.
func (l *Loop) Settle(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, l.Limit)
	defer cancel()
	l.random = rand.New(rand.NewPCG(l.Seed, 0))
	for ctx.Err() == nil {
		job, err := l.left(ctx)
		if err == nil && job == nil {
			break
		}
		if err == nil {
			err = l.follow(ctx, job, ending{want: move.WantComplete})
		}
		if err != nil {
			l.sleep(ctx, time.Second)
		}
	}
	if ctx.Err() != nil {
		l.problem("jobs did not come to an end in %v: %v", l.Limit, l.unended())
	}
	if m, err := l.Config.Store.Load(context.WithoutCancel(ctx)); err != nil {
		l.problem("the map can't be read at the end: %v", err)
	} else {
		for _, e := range m.Entries() {
			if e.Frozen != nil {
				l.problem("%s is still frozen at the end, for attempt %s", e.Span, e.Frozen.Attempt)
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.problems
}

func (l *Loop) unended() (list []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	jobs, err := move.NewJobs(l.Config.Store).List(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	for _, j := range jobs {
		if !j.Phase.Ended() {
			list = append(list, fmt.Sprintf("%s is %s, wants %q (%s)", j.ID, j.Phase, j.Want, j.Error))
		}
	}
	return list
}

// Done is how many motions there were, by how they ended.
func (l *Loop) Done() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	done := make(map[string]int)
	for k, n := range l.done {
		done[k] = n
	}
	return done
}

func (l *Loop) ended(kind move.Kind, phase move.Phase) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(map[string]int)
	}
	l.done[fmt.Sprintf("%s %s", kind, phase)]++
}

func (l *Loop) problem(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

func (l *Loop) sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Allowed reports whether a job accounts for a copy of the member on a shard
// that is not its home: one that has not ended and has that shard at either end.
func Allowed(ctx context.Context, store shard.Store, member shard.Member, name string) (bool, error) {
	jobs, err := move.NewJobs(store).List(ctx)
	if err != nil {
		return false, err
	}
	for _, j := range jobs {
		span, err := j.Span()
		if err != nil {
			return false, err
		}
		if !j.Phase.Ended() && span.Covers(member) && (j.From == name || j.To == name) {
			return true, nil
		}
	}
	return false, nil
}
