package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berthdb/berth/router/scope"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Config says how a router finds its map and its servers.
type Config struct {
	// Store has the map. Required; the router does not close it.
	Store shard.Store
	// Instance is how servers are connected to: account, TLS, driver options.
	// Its address, database, expectations, epoch and incarnation are set by
	// the router for each server.
	Instance instance.Config
	// Name tells this router from others, for people; empty means the host's
	// and the program's name.
	Name    string
	Version string // of the program, shown with the registered routers; may be empty
	// CacheFile keeps the last good map, so that the process can start while
	// the store is down; empty means that none is kept.
	CacheFile    string
	StartTimeout time.Duration // how long Open waits for the store before it starts from the cache; 0 means 3 s
	Pool         PoolConfig
	Buffer       BufferConfig
	Breaker      BreakerConfig
	Sync         SyncConfig
	Scope        scope.Config
	Log          *slog.Logger // nil discards
}

// Defaults are what the zero values of Config's parts mean.
func Defaults() (PoolConfig, BufferConfig, BreakerConfig, SyncConfig) {
	return PoolConfig{}.withDefaults(), BufferConfig{}.withDefaults(), BreakerConfig{}.withDefaults(), SyncConfig{}.withDefaults()
}

// Router routes statements by the current map. Open it once a process.
type Router struct {
	cfg         Config
	log         *slog.Logger
	incarnation string
	mark        mark
	parser      *scope.Parser

	view   atomic.Pointer[view]
	gate   gate
	pauses pauses
	buffer buffer
	turn   atomic.Uint64 // spreads statements that any shard can answer

	installing sync.Mutex // one install at a time
	keeping    sync.Mutex // one writer of the cache file at a time
	servers    map[serverKey]*server

	ctx     context.Context // ends when Close begins
	cancel  context.CancelFunc
	tasks   sync.WaitGroup
	closing sync.Mutex    // orders spawn and Close
	ask     chan struct{} // capacity one: somebody wants a newer map

	news  chan struct{} // capacity one: the state to announce has changed
	state storeState
}

// storeState is what the router knows of its store.
type storeState struct {
	mu        sync.Mutex
	confirmed time.Time // when the store last said that the current map is current
	err       error     // why it can't say so now
	drained   uint64    // the latest epoch that was drained
	cached    bool      // the current map came from the cache file
}

// Open loads the map, from the store or, when that does not answer, from the
// cache file, and starts to follow it. Close it when the last statement is
// done.
func Open(ctx context.Context, cfg Config) (*Router, error) {
	if cfg.Store == nil {
		return nil, errors.New("open router: the configuration names no store")
	}
	if cfg.StartTimeout == 0 {
		cfg.StartTimeout = 3 * time.Second
	}
	if cfg.Name == "" {
		host, _ := os.Hostname() // without a host's name the program's will do
		cfg.Name = host + " " + filepath.Base(os.Args[0])
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Pool, cfg.Buffer = cfg.Pool.withDefaults(), cfg.Buffer.withDefaults()
	cfg.Breaker, cfg.Sync = cfg.Breaker.withDefaults(), cfg.Sync.withDefaults()
	parser, err := scope.New(cfg.Scope)
	if err != nil {
		return nil, fmt.Errorf("open router: %w", err)
	}
	r := &Router{
		cfg: cfg, log: cfg.Log, incarnation: newIncarnation(cfg.Name), mark: newMark(), parser: parser,
		servers: map[serverKey]*server{}, ask: make(chan struct{}, 1), news: make(chan struct{}, 1),
	}
	r.buffer.cfg = cfg.Buffer
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.buffer.closed = r.ctx.Done()
	m, err := r.firstMap(ctx)
	if err == nil {
		err = r.install(m)
	}
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("open router: %w", err)
	}
	r.spawn(r.follow)
	r.spawn(r.answer)
	r.spawn(r.register)
	r.spawn(r.relieve)
	r.spawn(r.tidy)
	return r, nil
}

// spawn runs fn until it returns; Close ends its context and waits for it. On
// a closed router it does nothing.
func (r *Router) spawn(fn func(context.Context)) {
	r.closing.Lock()
	defer r.closing.Unlock()
	if r.ctx.Err() == nil {
		r.tasks.Go(func() { fn(r.ctx) })
	}
}

// Close stops following the map and closes the connections that are idle, and
// the others when their statements end.
func (r *Router) Close() error {
	r.closing.Lock()
	r.cancel()
	r.closing.Unlock()
	r.tasks.Wait()
	r.installing.Lock()
	defer r.installing.Unlock()
	for _, s := range r.servers {
		s.close()
	}
	return nil
}

// Map is the map that the router routes by at the moment.
func (r *Router) Map() *shard.Map { return r.view.Load().m }

// Epoch is the epoch of the current map, 0 before the first.
func (r *Router) Epoch() uint64 {
	if v := r.view.Load(); v != nil {
		return v.m.Epoch()
	}
	return 0
}

// Incarnation is the random id of this start of the process, which every
// session of the router carries in its connection attributes.
func (r *Router) Incarnation() string { return r.incarnation }

// Ping reports whether at least one shard answers.
func (r *Router) Ping(ctx context.Context) error {
	v := r.view.Load()
	var last error
	for range v.any {
		last = r.dispatch(ctx, call{to: anywhere, read: true, run: func(ctx context.Context, _ *ticket, c *pooled) (bool, error) {
			return false, c.Ping(ctx)
		}})
		if last == nil || ctx.Err() != nil {
			return last
		}
	}
	return last
}

// tidy closes idle connections in time, and servers that no map names any more.
func (r *Router) tidy(ctx context.Context) {
	for sleep(ctx, 10*time.Second) {
		r.installing.Lock()
		v := r.view.Load()
		for key, s := range r.servers {
			if v.byShard[key.shard] != s {
				if s.burying() {
					continue // its control connections are still needed
				}
				s.close()
				delete(r.servers, key)
				continue
			}
			s.pool.trim()
		}
		r.installing.Unlock()
	}
}
