package router

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
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
	idle    []*pooled      // the last is the most recently used
	open    int            // in use, idle, and being dialled
	waiters []chan *pooled // the longest waiting first; nil on it is leave to dial
	closed  bool
	waits   uint64 // statements that had to wait for a connection
}

// pooled is a connection of a pool.
type pooled struct {
	*instance.Conn
	pool   *pool
	stmts  statements
	born   time.Time
	idleAt time.Time
}

// get takes an idle connection that still answers, or dials one, or waits for
// its turn when there are as many as there may be.
func (p *pool) get(ctx context.Context) (*pooled, error) {
	for {
		c, turn, err := p.next()
		if err != nil {
			return nil, err
		}
		if turn != nil {
			select {
			case c = <-turn:
			case <-ctx.Done():
				p.giveUp(turn)
				return nil, context.Cause(ctx)
			}
		}
		if c == nil {
			return p.connect(ctx)
		}
		if p.usable(ctx, c) {
			return c, nil
		}
		p.discard(c)
	}
}

// next gives an idle connection, or a turn to wait for, or neither, which is
// leave to dial.
func (p *pool) next() (c *pooled, turn chan *pooled, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch n := len(p.idle); {
	case p.closed:
		return nil, nil, ErrClosed
	case n > 0:
		c, p.idle[n-1] = p.idle[n-1], nil
		p.idle = p.idle[:n-1]
	case p.open < p.cfg.MaxOpen:
		p.open++
	default:
		turn = make(chan *pooled, 1)
		p.waiters = append(p.waiters, turn)
		p.waits++
	}
	return c, turn, nil
}

func (p *pool) connect(ctx context.Context) (*pooled, error) {
	c, err := p.dial(ctx)
	if err != nil {
		p.vacate()
		return nil, err
	}
	return &pooled{Conn: c, pool: p, stmts: newStatements(p.cfg.Statements), born: time.Now()}, nil
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
	c.idleAt = time.Now()
	p.mu.Lock()
	switch {
	case len(p.waiters) > 0:
		p.grant(c)
	case p.closed || len(p.idle) >= p.cfg.MaxIdle:
		p.mu.Unlock()
		p.discard(c)
		return
	default:
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
}

// discard closes a connection.
func (p *pool) discard(c *pooled) {
	_ = c.Close() // there is nothing to do about a connection that won't close
	p.vacate()
}

// vacate gives up a place among the open connections to whoever waits.
func (p *pool) vacate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiters) > 0 {
		p.grant(nil)
	} else {
		p.open--
	}
}

// grant hands a connection, or leave to dial, to the longest waiting
// statement. Called with mu held.
func (p *pool) grant(c *pooled) {
	p.waiters[0] <- c
	p.waiters = p.waiters[1:]
}

// giveUp takes a waiter out; what it was given at the same moment goes back.
func (p *pool) giveUp(turn chan *pooled) {
	p.mu.Lock()
	i := slices.Index(p.waiters, turn)
	if i >= 0 {
		p.waiters = slices.Delete(p.waiters, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		return
	}
	if c := <-turn; c != nil {
		p.put(c)
	} else {
		p.vacate()
	}
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

// close closes the idle connections; those in use are closed when they come
// back, unless a statement waits for them.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
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
