package router

import (
	"context"
	"time"

	"github.com/berthdb/berth/shard/instance"
)

// probe tries the server's door after a statement on it ended without an
// answer: statements that hang until their callers give up say nothing to the
// breaker, a server that does not greet does. It goes on until the server
// greets or the breaker is open; one probe of a server runs at a time.
func (r *Router) probe(s *server) {
	if !s.probing.CompareAndSwap(false, true) {
		return
	}
	r.spawn(func(ctx context.Context) {
		defer s.probing.Store(false)
		for ctx.Err() == nil {
			done, err := s.breaker.Allow()
			if err != nil {
				return
			}
			err = s.greet(ctx)
			done(err)
			if !instance.Unavailable(err) {
				return
			}
			s.failed(err)
			if !sleep(ctx, 10*time.Millisecond) {
				return
			}
		}
	})
}

// probeLimit is how long a server has to greet a probe: five failures in a
// row open the breaker within a second. One that is far away has four times as
// long as its latest connection took, up to probeLongest.
const (
	probeLimit   = 180 * time.Millisecond
	probeLongest = 2 * time.Second
)

func (s *server) greet(ctx context.Context) error {
	limit := min(max(probeLimit, 4*time.Duration(s.took.Load())), probeLongest)
	cfg := s.door
	cfg.DialTimeout, cfg.LoginTimeout = limit/2, limit/2
	door, err := instance.NewConnector(cfg)
	if err != nil {
		return err
	}
	c, err := door.Open(ctx)
	if err != nil {
		return err
	}
	return c.Close()
}
