package router

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
	"time"

	"github.com/berthdb/berth/shard/instance"
)

// PoolConfig bounds the connections to one server.
type PoolConfig struct {
	MaxOpen  int           // at most this many, in use and idle; 0 means 100, negative no limit
	MaxIdle  int           // idle ones that are kept; 0 means MaxOpen, negative none
	IdleTime time.Duration // an idle one is closed after; 0 means 5 min
	Lifetime time.Duration // one is not used again after; 0 means 1 h
	// Statements is how many prepared statements a connection keeps for
	// statements with parameters; 0 means 32, negative none. The server counts
	// them all against its max_prepared_stmt_count.
	Statements int
}

func (c PoolConfig) withDefaults() PoolConfig {
	if c.MaxOpen == 0 {
		c.MaxOpen = 100
	}
	if c.MaxOpen < 0 {
		c.MaxOpen = int(^uint(0) >> 1)
	}
	if c.MaxIdle == 0 {
		c.MaxIdle = c.MaxOpen
	}
	if c.IdleTime == 0 {
		c.IdleTime = 5 * time.Minute
	}
	if c.Lifetime == 0 {
		c.Lifetime = time.Hour
	}
	if c.Statements == 0 {
		c.Statements = 32
	}
	return c
}

// pool keeps connections to one server, the most recently used first. It is a
// pool of driver connections and not an sql.DB, because the statement has to
// be judged on the very connection that it is then sent on, and that
// connection is in use until its rows have been read.
type pool struct {
	cfg  PoolConfig
	dial func(context.Context) (*instance.Conn, error)

	mu      sync.Mutex
	idle    []*pooled // the last is the most recently used
	open    int       // in use, idle, and being dialled
	waiters []chan struct{}
	closed  bool
	waits   uint64 // statements that had to wait for a connection
}

// pooled is a connection of a pool.
type pooled struct {
	*instance.Conn
	stmts  statements
	born   time.Time
	idleAt time.Time
}

// get takes an idle connection that still answers, or dials one, or waits for
// one to come back.
func (p *pool) get(ctx context.Context) (*pooled, error) {
	for {
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return nil, ErrClosed
		}
		if n := len(p.idle); n > 0 {
			c := p.idle[n-1]
			p.idle[n-1] = nil
			p.idle = p.idle[:n-1]
			p.mu.Unlock()
			if p.usable(ctx, c) {
				return c, nil
			}
			p.discard(c)
			continue
		}
		if p.open < p.cfg.MaxOpen {
			p.open++
			p.mu.Unlock()
			return p.connect(ctx)
		}
		turn := make(chan struct{}, 1)
		p.waiters = append(p.waiters, turn)
		p.waits++
		p.mu.Unlock()
		select {
		case <-turn:
		case <-ctx.Done():
			p.cancel(turn)
			return nil, context.Cause(ctx)
		}
	}
}

func (p *pool) connect(ctx context.Context) (*pooled, error) {
	c, err := p.dial(ctx)
	if err != nil {
		p.mu.Lock()
		p.open--
		p.wake()
		p.mu.Unlock()
		return nil, err
	}
	return &pooled{Conn: c, stmts: newStatements(p.cfg.Statements), born: time.Now()}, nil
}

// usable checks a connection that was idle, as database/sql would.
func (p *pool) usable(ctx context.Context, c *pooled) bool {
	now := time.Now()
	if now.Sub(c.born) > p.cfg.Lifetime || now.Sub(c.idleAt) > p.cfg.IdleTime {
		return false
	}
	return !errors.Is(c.ResetSession(ctx), driver.ErrBadConn)
}

// put gives a connection back.
func (p *pool) put(c *pooled) {
	if !c.IsValid() {
		p.discard(c)
		return
	}
	p.mu.Lock()
	if p.closed || len(p.idle) >= p.cfg.MaxIdle {
		p.mu.Unlock()
		p.discard(c)
		return
	}
	c.idleAt = time.Now()
	p.idle = append(p.idle, c)
	p.wake()
	p.mu.Unlock()
}

// discard closes a connection and makes room for another.
func (p *pool) discard(c *pooled) {
	_ = c.Close() // there is nothing to do about a connection that won't close
	p.mu.Lock()
	p.open--
	p.wake()
	p.mu.Unlock()
}

// wake lets the longest waiting statement try again. Called with mu held.
func (p *pool) wake() {
	if len(p.waiters) > 0 {
		p.waiters[0] <- struct{}{}
		p.waiters = p.waiters[1:]
	}
}

// cancel takes a waiter out; if its turn has come meanwhile, the next has it.
func (p *pool) cancel(turn chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, w := range p.waiters {
		if w == turn {
			p.waiters = append(p.waiters[:i:i], p.waiters[i+1:]...)
			return
		}
	}
	p.wake()
}

// trim closes connections that have been idle for too long.
func (p *pool) trim() {
	cut := time.Now().Add(-p.cfg.IdleTime)
	p.mu.Lock()
	n := 0
	for n < len(p.idle) && p.idle[n].idleAt.Before(cut) {
		n++
	}
	old := append([]*pooled(nil), p.idle[:n]...)
	p.idle = append(p.idle[:0:0], p.idle[n:]...)
	p.mu.Unlock()
	for _, c := range old {
		p.discard(c)
	}
}

// close closes the idle connections; those in use are closed when they come back.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	for _, w := range p.waiters {
		w <- struct{}{}
	}
	p.waiters = nil
	p.mu.Unlock()
	for _, c := range idle {
		p.discard(c)
	}
}

// PoolStat is a snapshot of the connections to one server.
type PoolStat struct {
	Open  int    // in use and idle
	Idle  int    // kept for the next statement
	Waits uint64 // statements that had to wait for a connection, ever
}

func (p *pool) stat() PoolStat {
	p.mu.Lock()
	defer p.mu.Unlock()
	return PoolStat{Open: p.open, Idle: len(p.idle), Waits: p.waits}
}
