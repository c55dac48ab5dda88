package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berthdb/berth/shard"
)

// Register announces a router for as long as this process keeps its file
// locked.
func (s *Store) Register(ctx context.Context, r shard.RouterState) (shard.Registration, error) {
	reg, err := s.register(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("register router %s in %s: %w", r.Incarnation, s, err)
	}
	return reg, nil
}

func (s *Store) register(ctx context.Context, r shard.RouterState) (*registration, error) {
	if err := shard.CheckName("router's incarnation", r.Incarnation); err != nil {
		return nil, err
	}
	_, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	reg := &registration{store: s, state: r, end: make(chan struct{}), ended: make(chan struct{})}
	if err := reg.put(); err != nil {
		return nil, errors.Join(err, reg.drop())
	}
	if err := s.life.keep(func() { reg.watch(s.life.over) }); err != nil {
		return nil, errors.Join(err, reg.drop())
	}
	return reg, nil
}

type registration struct {
	store      *Store
	end, ended chan struct{}
	once       sync.Once
	ok         atomic.Bool

	mu     sync.Mutex
	state  shard.RouterState
	held   *held // nil until locked, and after the end
	closed bool
	err    error // of drop at the end
}

// statePath, tempPath and lockPath are a router's three files. The state is
// replaced by renaming, which a lock on the same file would not survive.
func (s *Store) statePath(id string) string { return s.path("routers", id+".json") }
func (s *Store) tempPath(id string) string  { return s.path("routers", "."+id+".next") }
func (s *Store) lockPath(id string) string  { return s.path("routers", id+".lock") }

// put writes the state, locking the router's file first if need be. The
// caller holds mu, or is alone.
func (r *registration) put() (err error) {
	defer func() { r.ok.Store(err == nil) }()
	s, id := r.store, r.state.Incarnation
	if err := s.mkdir("routers"); err != nil {
		return advise(err)
	}
	if r.held != nil && !r.held.current() {
		s.log.Warn("the router's file was removed; announcing it again", "router", id, "store", s.String())
		if err := r.held.release(); err != nil {
			return err
		}
		r.held = nil
	}
	for tries := 0; r.held == nil; tries++ {
		h, err := hold(s.lockPath(id))
		if err != nil {
			return advise(err)
		}
		// A reader that probes the lock has it for a moment.
		if h == nil && tries > 100 {
			return fmt.Errorf("%w: another router has this incarnation", shard.ErrLocked)
		}
		if h == nil {
			time.Sleep(time.Millisecond)
		}
		r.held = h
	}
	b, err := json.Marshal(r.state)
	if err == nil {
		err = os.WriteFile(s.tempPath(id), b, 0o600)
	}
	if err == nil {
		err = os.Rename(s.tempPath(id), s.statePath(id))
	}
	return advise(err)
}

// drop takes the router's files away. The caller holds mu, or is alone.
func (r *registration) drop() error {
	r.ok.Store(false)
	if r.held == nil {
		return nil
	}
	r.store.forget(r.state.Incarnation)
	err := r.held.release()
	r.held = nil
	return err
}

// forget removes what a router wrote; its lock is removed by who holds it.
func (s *Store) forget(id string) {
	_ = os.Remove(s.tempPath(id))
	_ = os.Remove(s.statePath(id))
}

// watch shows that the router is alive and mends its files until the end.
func (r *registration) watch(over context.Context) {
	defer close(r.ended)
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.mend()
			continue
		case <-r.end:
		case <-over.Done():
		}
		r.mu.Lock()
		r.closed, r.err = true, r.drop()
		r.mu.Unlock()
		return
	}
}

func (r *registration) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.ok.Load() && r.held.current() && os.Chtimes(r.store.statePath(r.state.Incarnation), now, now) == nil {
		return
	}
	if err := r.put(); err != nil {
		r.store.log.Warn("announce the router again", "router", r.state.Incarnation, "store", r.store.String(), "error", err)
	}
}

// Announce replaces the state.
func (r *registration) Announce(ctx context.Context, state shard.RouterState) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	switch {
	case r.closed:
		err = shard.ErrClosed
	case state.Incarnation != r.state.Incarnation:
		err = fmt.Errorf("its incarnation is %s", r.state.Incarnation)
	default:
		r.state = state
		err = r.put()
	}
	if err != nil {
		return fmt.Errorf("announce router %s in %s: %w", state.Incarnation, r.store, err)
	}
	return nil
}

// Held reports whether the router's file is in place and locked. A file that
// somebody removes by hand is noticed, and made again, within a second.
func (r *registration) Held() bool { return r.ok.Load() }

// Close takes the router out of the list.
func (r *registration) Close() error {
	r.once.Do(func() { close(r.end) })
	<-r.ended
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
