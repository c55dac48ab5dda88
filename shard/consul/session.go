package consul

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
)

const (
	// sessionTTL is the shortest that Consul takes by default. It ends a
	// session between one and two TTLs after the last renewal.
	sessionTTL = 10 * time.Second
	// lockDelay is how long Consul keeps a key locked after its session was
	// ended by force, 15 s by default, to give the old holder time to notice.
	// Here nothing is safe by the lock alone and a holder notices by its own
	// clock, so the next one need not wait. The API leaves out a zero.
	lockDelay = time.Millisecond
)

var errSessionGone = errors.New("the session is gone")

// newSession makes a session whose end deletes its key. It has no health
// check: by default it would end with the health of the agent's node, at once
// and before its TTL, while the process behind it is well.
func (s *Store) newSession(ctx context.Context, name string) (string, error) {
	ctx, cancel := within(ctx, callTimeout)
	defer cancel()
	id, _, err := s.api.Session().CreateNoChecks(&api.SessionEntry{
		Name:      name,
		TTL:       sessionTTL.String(),
		LockDelay: lockDelay,
		Behavior:  api.SessionBehaviorDelete,
	}, (&api.WriteOptions{}).WithContext(ctx))
	return id, timedOut(ctx, err)
}

// renew answers errSessionGone when Consul does not know the session.
func (s *Store) renew(ctx context.Context, id string) error {
	ctx, cancel := within(ctx, callTimeout)
	defer cancel()
	entry, _, err := s.api.Session().Renew(id, (&api.WriteOptions{}).WithContext(ctx))
	if err == nil && entry == nil {
		return errSessionGone
	}
	return timedOut(ctx, err)
}

// destroy ends a session and so deletes its key. That it is gone already is
// no error.
func (s *Store) destroy(ctx context.Context, id string) error {
	ctx, cancel := within(ctx, callTimeout)
	defer cancel()
	_, err := s.api.Session().Destroy(id, (&api.WriteOptions{}).WithContext(ctx))
	return timedOut(ctx, err)
}

// acquire writes the pair if its session holds the key or nobody does. It
// answers errSessionGone when Consul does not know the session.
func (s *Store) acquire(ctx context.Context, pair *api.KVPair) (bool, error) {
	ctx, cancel := within(ctx, callTimeout)
	defer cancel()
	ok, _, err := s.api.KV().Acquire(pair, (&api.WriteOptions{}).WithContext(ctx))
	var status api.StatusError
	if errors.As(err, &status) && status.Code == http.StatusInternalServerError && strings.Contains(status.Body, "invalid session") {
		return false, errSessionGone
	}
	return ok, timedOut(ctx, err)
}
