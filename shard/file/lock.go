package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/berthdb/berth/shard"
)

// checkEvery is how often a held file is looked at: somebody may have removed
// it by hand.
const checkEvery = time.Second

// holder is what a lock's file says.
type holder struct {
	Holder string    `json:"holder"`
	Since  time.Time `json:"since"`
}

// Lock takes the named lock, without waiting.
func (s *Store) Lock(ctx context.Context, name, who string) (shard.Lock, error) {
	l, err := s.takeLock(ctx, name, who)
	if err != nil {
		return nil, fmt.Errorf("take lock %s in %s: %w", name, s, err)
	}
	return l, nil
}

func (s *Store) takeLock(ctx context.Context, name, who string) (*lock, error) {
	if err := shard.CheckName("lock", name); err != nil {
		return nil, err
	}
	_, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := s.mkdir("locks"); err != nil {
		return nil, advise(err)
	}
	path := s.path("locks", name)
	h, err := hold(path)
	if err != nil {
		return nil, advise(err)
	}
	if h == nil {
		now := readHolder(path)
		return nil, &shard.LockedError{Name: name, Holder: now.Holder, Since: now.Since}
	}
	b, err := json.Marshal(holder{who, time.Now().UTC()})
	if err == nil {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		return nil, errors.Join(advise(err), h.release())
	}
	l := &lock{held: h, lost: make(chan struct{}), end: make(chan struct{}), ended: make(chan struct{})}
	if err := s.life.keep(func() { l.watch(s.life.over) }); err != nil {
		return nil, errors.Join(err, h.release())
	}
	return l, nil
}

// readHolder reads who holds a lock. The holder writes its name just after it
// has locked the file, so a reader may be a moment too early.
func readHolder(path string) holder {
	h := holder{Holder: "a process that has not written its name yet"}
	for range 20 {
		b, err := os.ReadFile(path)
		if err == nil && json.Unmarshal(b, &h) == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return h
}

type lock struct {
	held       *held
	lost       chan struct{}
	end, ended chan struct{}
	once       sync.Once
	err        error // of release; read after ended
}

// watch keeps the lock until it is unlocked, lost, or the store closed.
func (l *lock) watch(over context.Context) {
	defer close(l.ended)
	defer func() { l.err = l.held.release() }()
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.end:
			return
		case <-over.Done():
			close(l.lost)
			return
		case <-tick.C:
			if !l.held.current() {
				close(l.lost)
				return
			}
		}
	}
}

// Lost is closed once somebody else may hold the lock.
func (l *lock) Lost() <-chan struct{} { return l.lost }

// Unlock gives the lock back. The kernel does not make it wait, so it does not
// ask ctx.
func (l *lock) Unlock(context.Context) error {
	l.once.Do(func() { close(l.end) })
	<-l.ended
	if l.err != nil {
		return fmt.Errorf("give back lock %s: %w", l.held.path, l.err)
	}
	return nil
}
