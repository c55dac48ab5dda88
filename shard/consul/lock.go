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

const (
	// beatEvery is how often a holder writes its lock's value.
	beatEvery = 2 * time.Second
	// lostAfter is how long after its last beat a holder counts the lock as
	// lost, by its own clock.
	lostAfter = 8 * time.Second
	// deadAfter is how long a contender has to see a value unchanged, by its
	// own clock, before it takes the lock over. It counts from a reading that
	// came after the beat, so the holder has given up two seconds before.
	deadAfter = 10 * time.Second
)

// sighting is when a lock's value was first seen as it is.
type sighting struct {
	session string
	index   uint64
	at      time.Time
}

// Lock takes the named lock, without waiting. Consul frees a dead holder's
// lock up to two TTLs after its death; who asks again every second or so gets
// it after deadAfter.
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
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	key := s.lockKey(name)
	if err := s.contend(ctx, name, key); err != nil {
		return nil, err
	}
	l := &lock{
		store: s, name: name, key: key,
		value: holder{Holder: who, Since: time.Now().UTC()},
		last:  time.Now(),
		lost:  make(chan struct{}),
		ended: make(chan struct{}),
	}
	if l.session, err = s.newSession(ctx, "berth lock "+name); err != nil {
		return nil, s.explain(ctx, "make a session", key, err)
	}
	if err := l.take(ctx); err != nil {
		return nil, errors.Join(err, l.release(context.WithoutCancel(ctx)))
	}
	running, stop := context.WithCancel(s.life.over)
	l.stop = stop
	if err := s.life.keep(func() { l.run(running) }); err != nil {
		stop()
		return nil, errors.Join(err, l.release(context.WithoutCancel(ctx)))
	}
	return l, nil
}

// contend ends a dead holder's session, and refuses while a live one holds
// the lock.
func (s *Store) contend(ctx context.Context, name, key string) error {
	asked := time.Now()
	pair, err := s.get(ctx, key)
	if err != nil {
		return s.explain(ctx, "read the lock", key, err)
	}
	if pair == nil || pair.Session == "" {
		s.forgetSighting(name)
		return nil
	}
	since := s.sight(name, pair)
	if asked.Sub(since) < deadAfter {
		return lockedBy(name, pair)
	}
	s.log.Warn("taking over the lock of a holder that shows no life", "lock", name, "store", s.String(), "error", lockedBy(name, pair))
	if err := s.destroy(ctx, pair.Session); err != nil {
		return s.explain(ctx, "end the dead holder's session", key, err)
	}
	return nil
}

// sight is since when, at the latest, the lock's value has been what it is.
func (s *Store) sight(name string, pair *api.KVPair) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.seen[name]
	if !ok || old.session != pair.Session || old.index != pair.ModifyIndex {
		old = sighting{pair.Session, pair.ModifyIndex, time.Now()}
		s.seen[name] = old
	}
	return old.at
}

func (s *Store) forgetSighting(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, name)
}

// holder is a lock's value.
type holder struct {
	Holder string    `json:"holder"`
	Since  time.Time `json:"since"`
	Beat   uint64    `json:"beat"`
}

func lockedBy(name string, pair *api.KVPair) *shard.LockedError {
	h := holder{Holder: "somebody who has left no name"}
	if pair != nil {
		_ = json.Unmarshal(pair.Value, &h)
	}
	return &shard.LockedError{Name: name, Holder: h.Holder, Since: h.Since}
}
