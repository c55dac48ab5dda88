package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/checker/stage"
)

// Storm is faults one after the other.
type Storm struct {
	Stage *stage.Stage
	Crew  *stage.Crew
	Seed  uint64
	Dir   string                           // for the files by which failpoints are met; it has to be there
	Say   func(format string, args ...any) // a line a fault
	Most  time.Duration                    // that a fault lasts; 0: as long as it should

	strikes int
	random  *rand.Rand // of the strike, so that one does not depend on how another went
	armed   bool       // the worker has a failpoint that it may not have got to
	held    string     // the file of the failpoint at which the worker is held
	mu      sync.Mutex
}

// failpointPatience is how long the storm waits for the worker to get to a
// failpoint, before it strikes wherever the worker is.
const failpointPatience = 15 * time.Second

// Run strikes until ctx ends, and then heals what is struck. An error is of the
// checker's own: a fault that could not be injected or healed.
func (s *Storm) Run(ctx context.Context) (err error) {
	after := context.WithoutCancel(ctx)
	sweeping, stop := context.WithCancel(after)
	var sweeper sync.WaitGroup
	sweeper.Go(func() { s.sweep(sweeping) })
	defer func() {
		if s.armed {
			s.armed = false
			err = errors.Join(err, s.Crew.Arm(after, ""))
		}
		stop()
		sweeper.Wait()
		s.release() // whom the last strike held until now
	}()
	for {
		s.random = rand.New(rand.NewPCG(s.Seed, uint64(s.strikes)))
		pause := time.Second + time.Duration(s.random.Int64N(int64(4*time.Second)))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		if err := s.strike(ctx); err != nil {
			return err
		}
	}
}

// Strikes is how many faults there were.
func (s *Storm) Strikes() int { return s.strikes }

// strike injects one fault and heals it, ctx or not.
func (s *Storm) strike(ctx context.Context) error {
	f := Choose(s.random, s.Stage, s.Crew)
	met := ""
	if s.random.IntN(2) == 0 {
		names := move.Failpoints()
		name := names[s.random.IntN(len(names))]
		there, err := s.meet(ctx, name)
		if err != nil {
			return err
		}
		defer s.hold("")
		if there {
			met = " at " + name
		}
	}
	lasts := s.duration(f)
	s.strikes++
	s.Say("fault %d: %s%s, for %v", s.strikes, f, met, lasts.Round(time.Millisecond))
	healing := context.WithoutCancel(ctx)
	if err := f.Inject(healing); err != nil {
		return fmt.Errorf("%s: %w", f, errors.Join(err, f.Heal(healing)))
	}
	// Half of the time the worker goes on into the fault, and not after it; a
	// stopped one when it is woken.
	if _, stopped := f.(StopWorker); s.random.IntN(2) == 0 || stopped {
		s.hold("")
	}
	select {
	case <-time.After(lasts):
	case <-ctx.Done():
	}
	if err := f.Heal(healing); err != nil {
		return fmt.Errorf("heal %q: %w", f, err)
	}
	return nil
}

// meet arms a failpoint and waits for the worker to get there.
func (s *Storm) meet(ctx context.Context, name string) (met bool, err error) {
	path := filepath.Join(s.Dir, fmt.Sprintf("met-%d", s.strikes+1))
	s.hold(path)
	if err := s.Crew.Arm(context.WithoutCancel(ctx), name+"=touch:"+path); err != nil {
		return false, err
	}
	s.armed = true
	for end := time.Now().Add(failpointPatience); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			s.armed = false
			return true, nil
		}
	}
	s.hold("")
	return false, nil
}

// hold says at which file the worker stays for the moment; empty: at none.
func (s *Storm) hold(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = path
}

// sweep lets the worker go on from every failpoint where it is not to be held,
// also from one that it gets to when nobody waits for it any more.
func (s *Storm) sweep(ctx context.Context) {
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		s.release()
	}
}

// release removes the files of all failpoints but the held one.
func (s *Storm) release() {
	files, _ := filepath.Glob(filepath.Join(s.Dir, "met-*"))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range files {
		if f != s.held {
			_ = os.Remove(f)
		}
	}
}

// duration is how long a fault lasts.
func (s *Storm) duration(f Fault) time.Duration {
	least, most := f.Hold()
	if s.Most > 0 {
		least, most = min(least, s.Most), min(most, s.Most)
	}
	if most <= least {
		return least
	}
	return least + time.Duration(s.random.Int64N(int64(most-least)))
}
