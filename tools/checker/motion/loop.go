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

// Loop is motions one after the other, in several lanes side by side.
type Loop struct {
	Config  move.Config
	Members []int64
	Seed    uint64
	Say     func(format string, args ...any) // a line a motion
	Lanes   int                              // 0: 2
	// Limit is how long a job may take for any one step while things fail; 0:
	// 5 min.
	Limit time.Duration

	choosing sync.Mutex // one job is begun, or taken up, at a time

	mu       sync.Mutex
	taken    map[string]bool // jobs that a lane follows
	problems []string
	done     map[string]int // motions by how they ended
}

// lane is one of the loop's lanes.
type lane struct {
	*Loop
	number, motions uint64
	random          *rand.Rand // of the motion, so that one does not depend on how another went
}

// poll is how often a job is looked at.
const poll = 200 * time.Millisecond

// Run moves until ctx ends, and leaves then what is under way.
func (l *Loop) Run(ctx context.Context) {
	if l.Lanes == 0 {
		l.Lanes = 2
	}
	var lanes sync.WaitGroup
	for i := range l.Lanes {
		lanes.Go(func() { l.lane(uint64(i) + 1).run(ctx) })
	}
	lanes.Wait()
}

func (l *Loop) lane(number uint64) *lane {
	if l.Limit == 0 {
		l.Limit = 5 * time.Minute
	}
	n := &lane{Loop: l, number: number}
	n.next()
	return n
}

// next begins the numbers of another motion.
func (n *lane) next() {
	n.motions++
	n.random = rand.New(rand.NewPCG(n.Seed, n.number<<32+n.motions))
}

func (n *lane) run(ctx context.Context) {
	for ; ctx.Err() == nil; n.next() {
		job, end, err := n.begin(ctx)
		if err == nil {
			err = n.follow(ctx, job, end)
			n.release(job.ID)
		}
		if err != nil && ctx.Err() == nil {
			n.Say("motion: %v", err)
		}
		n.sleep(ctx, time.Duration(n.random.Int64N(int64(time.Second))))
	}
}

// begin begins a motion. Its errors are of no importance: what a fault kept
// from beginning will be begun another time.
func (n *lane) begin(ctx context.Context) (*move.Job, ending, error) {
	n.choosing.Lock()
	defer n.choosing.Unlock()
	// One that was begun by an attempt whose answer was lost.
	if job, err := n.left(ctx); err != nil || job != nil {
		return job, ending{want: move.WantComplete}, err
	}
	m, err := n.Config.Store.Load(ctx)
	if err != nil {
		return nil, ending{}, err
	}
	plan, err := move.MakePlan(ctx, n.Config, n.choose(m))
	if err == nil {
		err = plan.Refused()
	}
	if err != nil {
		return nil, ending{}, err
	}
	job, err := move.Start(ctx, n.Config, plan)
	if err != nil {
		return nil, ending{}, err
	}
	n.take(job.ID)
	end := n.ending()
	n.Say("motion: job %s, %s of %s from %s to %s, to be %s", job.ID, job.Kind, job.Subject(), job.From, job.To, end.name)
	return job, end, nil
}

// left takes up a job that has not ended and that no lane follows.
func (l *Loop) left(ctx context.Context) (*move.Job, error) {
	jobs, err := move.NewJobs(l.Config.Store).List(ctx)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if !j.Phase.Ended() && l.take(j.ID) {
			return j, nil
		}
	}
	return nil, nil
}

// take reports whether the job was free to be followed, and it is not now.
func (l *Loop) take(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken == nil {
		l.taken = make(map[string]bool)
	}
	free := !l.taken[id]
	l.taken[id] = true
	return free
}

func (l *Loop) release(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.taken, id)
}

// Settle brings everything that was begun to its end, when all faults are
// healed, and gives the problems that there were, those of Run included.
func (l *Loop) Settle(ctx context.Context) []string {
	last := l.lane(0)
	ctx, cancel := context.WithTimeout(ctx, l.Limit)
	defer cancel()
	for ctx.Err() == nil {
		job, err := l.left(ctx)
		if err == nil && job == nil {
			break
		}
		if err == nil {
			err = last.follow(ctx, job, ending{want: move.WantComplete})
			l.release(job.ID)
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
