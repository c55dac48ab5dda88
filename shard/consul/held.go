package consul

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard"
)

// lock is a held lock: a key under a session, whose value the holder changes
// at every beat.
type lock struct {
	store     *Store
	name, key string
	session   string
	value     holder
	last      time.Time // when the last round that Consul confirmed began

	lost  chan struct{}
	stop  context.CancelFunc
	ended chan struct{}
}

// take writes the first beat. Somebody else may be quicker, or the lock-delay
// of a former holder not over.
func (l *lock) take(ctx context.Context) error {
	for range 5 {
		held, err := l.beat(ctx)
		if err != nil {
			return l.store.explain(ctx, "lock", l.key, err)
		}
		if held {
			return nil
		}
		pair, err := l.store.get(ctx, l.key)
		if err != nil {
			return l.store.explain(ctx, "read the lock", l.key, err)
		}
		if pair != nil && pair.Session != "" {
			return lockedBy(l.name, pair)
		}
		sleep(ctx, 5*lockDelay)
	}
	return lockedBy(l.name, nil)
}

// beat writes the next value. False: somebody else has the lock.
func (l *lock) beat(ctx context.Context) (bool, error) {
	l.value.Beat++
	b, err := json.Marshal(l.value)
	if err != nil {
		return false, err
	}
	return l.store.acquire(ctx, &api.KVPair{Key: l.key, Value: b, Session: l.session})
}

// round renews the session, which a beat does not do, and beats.
func (l *lock) round(ctx context.Context) error {
	began := time.Now()
	if err := l.store.renew(ctx, l.session); err != nil {
		return err
	}
	held, err := l.beat(ctx)
	if err == nil && !held {
		err = shard.ErrLocked
	}
	if err == nil {
		l.last = began
	}
	return err
}

// run keeps the lock until it is given back, lost, or the store closed.
func (l *lock) run(ctx context.Context) {
	defer close(l.ended)
	why := l.hold(ctx)
	if ctx.Err() != nil && l.store.life.over.Err() == nil {
		return // Unlock releases it, and says how that went
	}
	close(l.lost)
	if ctx.Err() == nil {
		l.store.log.Warn("lock lost", "lock", l.name, "store", l.store.String(), "error", why)
	}
	_ = l.release(context.Background()) // else it ends with its TTL
}

// hold returns when the lock is lost or ctx ends.
func (l *lock) hold(ctx context.Context) error {
	var last error
	for pause := beatEvery; ; {
		// Neither a pause nor a request outlasts the holder's own limit.
		limited, cancel := context.WithDeadline(ctx, l.last.Add(lostAfter))
		sleep(limited, pause)
		err := limited.Err()
		if err == nil {
			err = l.round(limited)
		}
		over := limited.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errSessionGone), errors.Is(err, shard.ErrLocked):
			return err
		case over:
			return errors.Join(fmt.Errorf("no beat for %s", lostAfter), last)
		case err != nil:
			last, pause = err, beatEvery/4
			l.store.http.CloseIdleConnections()
		default:
			pause = beatEvery
		}
	}
}

// release ends the session, which deletes the key.
func (l *lock) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	return l.store.destroy(ctx, l.session)
}

// Lost is closed once somebody else may hold the lock.
func (l *lock) Lost() <-chan struct{} { return l.lost }

// Unlock gives the lock back.
func (l *lock) Unlock(ctx context.Context) error {
	l.stop()
	<-l.ended
	select {
	case <-l.lost:
		return nil
	default:
	}
	if err := l.release(ctx); err != nil {
		return fmt.Errorf("give back lock %s, which else ends by itself in %s at most: %w", l.name, 2*sessionTTL,
			l.store.explain(ctx, "end its session", l.key, err))
	}
	return nil
}
