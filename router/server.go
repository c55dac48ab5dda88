package router

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// server is the primary of one shard as this router uses it: its pool, its
// breaker, and the sessions that it has to see the end of.
type server struct {
	shard   shard.Shard
	pool    *pool
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	doubt   atomic.Bool     // something failed since the last success: the breaker has to be asked
	first   func(error)     // firstFailure, made once
	door    instance.Config // to probe with
	took    atomic.Int64    // how long the latest connection took to come about, in ns
	probing atomic.Bool
	control *sql.DB       // for KILL and its like, apart from the pool's limit
	epoch   func() uint64 // of the router's current map
	log     *slog.Logger

	mu      sync.Mutex
	orphans []*ticket // sessions that were left with something under way
	lastErr error     // the latest failure to reach the server
	lastAt  time.Time
}

// serverKey tells servers apart: one that answers under the same address but
// belongs to another shard, or is another server by its UUID, is another one.
type serverKey struct{ cluster, shard, database, address, uuid string }

// serverFor gives the server of the shard's primary, opening it if need be.
// Called with r.installing held.
func (r *Router) serverFor(cluster string, s shard.Shard) (*server, error) {
	key := serverKey{cluster, s.Name, s.Database, s.Primary.Address, s.Primary.UUID}
	if sv := r.servers[key]; sv != nil {
		return sv, nil
	}
	cfg := r.cfg.Instance
	cfg.Address, cfg.Database = s.Primary.Address, s.Database
	cfg.Expect = instance.Expect{Cluster: cluster, Shard: s.Name, UUID: s.Primary.UUID, Role: instance.Primary}
	cfg.Incarnation, cfg.Router = r.incarnation, r.cfg.Name
	cfg.Epoch = r.Epoch
	connector, err := instance.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("shard %s: %w", s.Name, err)
	}
	// A session is to be killed on a server that has become read-only, too.
	cfg.Expect.Role = instance.Replica
	control, err := instance.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("shard %s: %w", s.Name, err)
	}
	cfg.Expect.Role = instance.Primary
	sv := &server{
		shard: s, log: r.log.With("shard", s.Name, "instance", s.Primary.Address),
		door:    cfg,
		control: sql.OpenDB(control),
		epoch:   r.Epoch,
	}
	sv.pool = &pool{cfg: r.cfg.Pool, dial: func(ctx context.Context) (*instance.Conn, error) {
		begun := time.Now()
		c, err := connector.Open(ctx)
		if err == nil {
			sv.took.Store(int64(time.Since(begun)))
		}
		return c, err
	}}
	sv.control.SetMaxOpenConns(2)
	sv.control.SetMaxIdleConns(0)
	sv.breaker = newBreaker(r.cfg.Breaker, s.Primary.Address, sv.log)
	sv.first = sv.firstFailure
	r.servers[key] = sv
	return sv, nil
}

// BreakerConfig says when a server is taken for dead.
type BreakerConfig struct {
	Failures int           // this many failures to reach it, one after the other, open the breaker; 0 means 5
	Retry    time.Duration // after this long one statement may try again; 0 means 500 ms
}

func (c BreakerConfig) withDefaults() BreakerConfig {
	if c.Failures == 0 {
		c.Failures = 5
	}
	if c.Retry == 0 {
		c.Retry = 500 * time.Millisecond
	}
	return c
}

func newBreaker(cfg BreakerConfig, name string, log *slog.Logger) *gobreaker.TwoStepCircuitBreaker[struct{}] {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        name,
		MaxRequests: 1,
		Timeout:     cfg.Retry,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= uint32(cfg.Failures) },
		// What the server answered, and what its caller gave up, say nothing
		// about the server's being there.
		IsSuccessful: func(err error) bool { return err == nil || instance.IsServerError(err) && !instance.Unavailable(err) },
		IsExcluded:   func(err error) bool { return err != nil && !instance.Unavailable(err) && !instance.IsServerError(err) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			log.Warn("breaker of a server changed", "from", from.String(), "to", to.String())
		},
	})
}

// allow asks the breaker for leave to use the server; the outcome of getting a
// connection goes to done. While nothing has failed there is nothing to ask,
// which spares each statement the breaker's lock and clock.
func (s *server) allow() (done func(error), err error) {
	if !s.doubt.Load() {
		return s.first, nil
	}
	tell, err := s.breaker.Allow()
	if err != nil {
		return nil, s.open()
	}
	return func(err error) {
		tell(err)
		if err == nil {
			s.doubt.Store(false)
		}
	}, nil
}

// firstFailure is done for a statement that asked nobody.
func (s *server) firstFailure(err error) {
	if err == nil {
		return
	}
	if tell, refused := s.breaker.Allow(); refused == nil {
		tell(err)
	}
}

// failed remembers why the server could not be reached.
func (s *server) failed(err error) {
	s.doubt.Store(true)
	s.mu.Lock()
	s.lastErr, s.lastAt = err, time.Now()
	s.mu.Unlock()
}

func (s *server) close() {
	s.pool.close()
	_ = s.control.Close()
}

// conn takes a connection for the ticket and judges it by the fence that its
// hello read. Hello asks for what is above the epoch that the router has then,
// so it proves nothing to a ticket of an older map: that one is called back.
func (s *server) conn(ctx context.Context, t *ticket) (*pooled, error) {
	c, err := s.pool.get(ctx)
	if err != nil {
		if ctx.Err() == nil { // else the caller gave up
			s.failed(err)
		}
		return nil, err
	}
	if epoch := t.fence(c); epoch > 0 && !hello.off() {
		s.pool.put(c)
		return nil, &staleError{epoch}
	}
	if !t.loose && s.epoch() > t.epoch && !atomicGate.off() {
		s.pool.put(c)
		return nil, errRevoked
	}
	t.conn.Store(c)
	if !t.fate.CompareAndSwap(waiting, inUse) {
		s.pool.put(c)
		return nil, errRevoked
	}
	return c, nil
}

// fence is the epoch that the router must have reached to use the connection
// for the ticket, 0 when it may be used as it is.
func (t *ticket) fence(c *pooled) (epoch uint64) {
	switch {
	case t.loose:
		return 0
	case t.wide:
		for _, row := range c.Fence() {
			if row.MinEpoch > t.epoch {
				epoch = max(epoch, row.MinEpoch)
			}
		}
		return epoch
	}
	epoch, _ = c.Fenced(t.member, t.epoch)
	return epoch
}
