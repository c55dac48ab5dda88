package consul

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard"
)

const (
	// renewEvery is how often a registration renews its session.
	renewEvery = sessionTTL / 3
	// rewriteEvery is how old RouterState.SeenAt gets while all is well. Each
	// rewriting is a write to Consul's log, a renewal is not.
	rewriteEvery = 10 * time.Second
	// mendEvery is how often a registration that is not in order is tried again.
	mendEvery = time.Second
	// farewell bounds what is said to Consul at the end.
	farewell = 2 * time.Second
)

// Register announces a router under a session of its own.
func (s *Store) Register(ctx context.Context, state shard.RouterState) (shard.Registration, error) {
	reg, err := s.register(ctx, state)
	if err != nil {
		return nil, fmt.Errorf("register router %s: %w", state.Incarnation, err)
	}
	return reg, nil
}

func (s *Store) register(ctx context.Context, state shard.RouterState) (*registration, error) {
	if err := shard.CheckName("router's incarnation", state.Incarnation); err != nil {
		return nil, err
	}
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	r := &registration{
		store: s,
		key:   s.routerKey(state.Incarnation),
		state: state,
		turn:  make(chan struct{}, 1),
		ended: make(chan struct{}),
	}
	if err := r.put(ctx); err != nil {
		return nil, errors.Join(s.explain(ctx, "announce the router", r.key, err), r.leave())
	}
	r.running, r.stop = context.WithCancel(s.life.over)
	if err := s.life.keep(r.run); err != nil {
		r.stop()
		return nil, errors.Join(err, r.leave())
	}
	return r, nil
}

// registration is a key that one session after another holds: when Consul has
// lost the one, the next is made.
type registration struct {
	store   *Store
	key     string
	until   atomic.Int64    // since store.start: Consul keeps the key so long at least; 0 when it is not there
	running context.Context // ends with the store, or by stop
	stop    context.CancelFunc
	ended   chan struct{}
	err     error // of the end; read after ended

	turn    chan struct{} // full while somebody uses what follows; a lock that ctx can leave
	state   shard.RouterState
	session string        // "" when there is none
	fresh   time.Duration // since store.start, when the session was last renewed
	wrote   time.Time     // when the state was last written; zero while it is not there
}

func (r *registration) now() time.Duration { return time.Since(r.store.start) }

// enter takes the turn.
func (r *registration) enter(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// put writes the state, under a new session if need be. The caller has the
// turn.
func (r *registration) put(ctx context.Context) error {
	r.wrote = time.Time{}
	for range 4 {
		if r.session == "" {
			began := r.now()
			id, err := r.store.newSession(ctx, "berth router "+r.state.Name)
			if err != nil {
				return err
			}
			r.session, r.fresh = id, began
		}
		at := time.Now()
		state := r.state
		state.SeenAt = at.UTC()
		b, err := json.Marshal(state)
		if err != nil {
			return err
		}
		ok, err := r.store.acquire(ctx, &api.KVPair{Key: r.key, Value: b, Session: r.session})
		switch {
		case ok:
			r.wrote = at
			r.until.Store(int64(r.fresh + sessionTTL))
			return nil
		case errors.Is(err, errSessionGone):
			r.lose()
		case err != nil:
			return err
		default: // an earlier session of this router has it, or has just had it
			r.until.Store(0)
			if err := r.evict(ctx); err != nil {
				return err
			}
		}
	}
	return errors.New("the key stays locked by another session")
}

// lose forgets the session, which Consul no longer knows.
func (r *registration) lose() {
	r.session = ""
	r.wrote = time.Time{}
	r.until.Store(0)
}

// evict ends the session that holds this router's key. It can only be one that
// this registration made: the answer to its making was lost, or the data was
// restored from a backup.
func (r *registration) evict(ctx context.Context) error {
	pair, err := r.store.get(ctx, r.key)
	if err != nil {
		return err
	}
	if pair != nil && pair.Session != "" && pair.Session != r.session {
		if err := r.store.destroy(ctx, pair.Session); err != nil {
			return err
		}
	}
	sleep(ctx, 5*lockDelay)
	return nil
}

// run keeps the registration up until the end.
func (r *registration) run() {
	defer close(r.ended)
	ctx := r.running
	failed := false
	for ctx.Err() == nil {
		pause := renewEvery
		if failed {
			pause = mendEvery/2 + rand.N(mendEvery/2)
		}
		sleep(ctx, pause)
		if r.enter(ctx) != nil {
			break
		}
		err := r.keepUp(ctx)
		<-r.turn
		if err != nil && ctx.Err() == nil {
			r.store.http.CloseIdleConnections()
			if !failed {
				r.store.log.Warn("keep the router announced", "router", r.state.Incarnation,
					"error", r.store.explain(ctx, "keep the router announced", r.key, err))
			}
		}
		failed = err != nil
	}
	_ = r.enter(context.Background()) // those who have it obey their contexts, and each call has its limit
	r.err = r.leave()
	<-r.turn
}

// keepUp renews the session and rewrites the state where that is due.
func (r *registration) keepUp(ctx context.Context) error {
	if r.session != "" {
		began := r.now()
		err := r.store.renew(ctx, r.session)
		switch {
		case errors.Is(err, errSessionGone):
			r.store.log.Warn("Consul has lost the router's session; announcing it again", "router", r.state.Incarnation, "store", r.store.String())
			r.lose()
		case err != nil:
			return err
		default:
			r.fresh = began
			if !r.wrote.IsZero() {
				r.until.Store(int64(began + sessionTTL))
			}
		}
	}
	if time.Since(r.wrote) < rewriteEvery {
		return nil
	}
	return r.put(ctx)
}

// leave takes the router out of the list.
func (r *registration) leave() error {
	r.until.Store(0)
	if r.session == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	err := r.store.destroy(ctx, r.session)
	if err != nil {
		return fmt.Errorf("the router leaves the list only when its session ends, in %s at most: %w",
			2*sessionTTL, r.store.explain(context.Background(), "take the router out of the list", r.key, err))
	}
	r.session = ""
	return nil
}

// Announce replaces the state at once.
func (r *registration) Announce(ctx context.Context, state shard.RouterState) error {
	if err := r.announce(ctx, state); err != nil {
		return fmt.Errorf("announce router %s: %w", state.Incarnation, err)
	}
	return nil
}

func (r *registration) announce(ctx context.Context, state shard.RouterState) error {
	ctx, done, err := r.store.life.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := r.enter(ctx); err != nil {
		return err
	}
	defer func() { <-r.turn }()
	if r.running.Err() != nil {
		return fmt.Errorf("the registration is closed: %w", shard.ErrClosed)
	}
	if state.Incarnation != r.state.Incarnation {
		return fmt.Errorf("its incarnation is %s", r.state.Incarnation)
	}
	r.state = state
	if err := r.put(ctx); err != nil {
		return r.store.explain(ctx, "announce the router", r.key, err)
	}
	return nil
}

// Held reports whether the session was renewed so lately that Consul can't
// have ended it yet, and holds the router's key. A key that somebody deletes
// by hand is noticed, and written again, within rewriteEvery.
func (r *registration) Held() bool { return int64(r.now()) < r.until.Load() }

// Close takes the router out of the list.
func (r *registration) Close() error {
	r.stop()
	<-r.ended
	return r.err
}
