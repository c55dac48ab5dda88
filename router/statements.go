package router

import (
	"context"
	"database/sql/driver"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/berthdb/berth/shard/instance"
)

// statements are the prepared statements that one server connection keeps, by
// their text, so that a statement with parameters costs one round trip.
type statements struct {
	kept *lru.LRU[string, driver.Stmt] // nil when none are kept
}

func newStatements(limit int) statements {
	if limit <= 0 {
		return statements{}
	}
	kept, err := lru.NewLRU(limit, func(_ string, s driver.Stmt) {
		_ = s.Close() // sends a packet that has no answer
	})
	if err != nil { // only for a limit below one
		panic(err)
	}
	return statements{kept}
}

// forget makes the idle connections give up their prepared statements, for one
// that has none of its own to give up.
func (p *pool) forget(ctx context.Context) {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, c := range idle {
		if c.stmts.kept == nil || c.stmts.kept.Len() == 0 {
			p.put(c)
			continue
		}
		c.stmts.kept.Purge()
		if c.Ping(ctx) != nil { // its answer says that the server has done it
			p.discard(c)
			continue
		}
		p.put(c)
	}
}

// prepared gives the statement prepared on c, and what to do after its use.
func (c *pooled) prepared(ctx context.Context, query string) (driver.Stmt, func(), error) {
	if c.stmts.kept != nil {
		if s, ok := c.stmts.kept.Get(query); ok {
			return s, func() {}, nil
		}
	}
	s, err := c.PrepareContext(ctx, query)
	if instance.IsTooManyPrepared(err) && c.stmts.kept != nil {
		if c.stmts.kept.Len() > 0 {
			c.stmts.kept.Purge()
		} else {
			c.pool.forget(ctx)
		}
		s, err = c.PrepareContext(ctx, query)
	}
	if err != nil {
		return nil, nil, err
	}
	if c.stmts.kept == nil {
		return s, func() { _ = s.Close() }, nil
	}
	c.stmts.kept.Add(query, s)
	return s, func() {}, nil
}
