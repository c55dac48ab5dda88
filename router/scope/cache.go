package scope

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// statementBytes is about what a Statement takes besides its text and tree:
// itself, its scope and its place in the cache.
const statementBytes = 512

// tokenBytes is about what the tree takes for each token of the text.
const tokenBytes = 192

// cacheParts spreads the locks; a reader only ever takes one part's, shared.
const cacheParts = 16

// cache keeps statements by their text. It gives room by second chance: a
// clock hand goes round and drops what was not asked for since it last passed.
// That needs no write by a reader other than one flag, unlike a list in order
// of use.
type cache struct {
	seed  maphash.Seed
	parts [cacheParts]cachePart
}

type cachePart struct {
	mu       sync.RWMutex
	byText   map[string]*cacheSlot
	ring     []*cacheSlot
	hand     int
	bytes    int64
	maxSlots int
	maxBytes int64
	_        [64]byte // keeps the locks of two parts off one cache line
}

type cacheSlot struct {
	stmt *Statement
	used atomic.Bool
}

func newCache(statements int, bytes int64) *cache {
	c := &cache{seed: maphash.MakeSeed()}
	for i := range c.parts {
		p := &c.parts[i]
		p.byText = map[string]*cacheSlot{}
		p.maxSlots = max(1, statements/cacheParts)
		p.maxBytes = max(1, bytes/cacheParts)
	}
	return c
}

func (c *cache) part(sql string) *cachePart {
	return &c.parts[maphash.String(c.seed, sql)%cacheParts]
}

func (c *cache) get(sql string) *Statement {
	p := c.part(sql)
	p.mu.RLock()
	slot := p.byText[sql]
	p.mu.RUnlock()
	if slot == nil {
		return nil
	}
	if !slot.used.Load() {
		slot.used.Store(true)
	}
	return slot.stmt
}

// put keeps a statement, unless it would push out most of its part: bulk
// inserts are large and come once.
func (c *cache) put(s *Statement) {
	p := c.part(s.sql)
	if s.cachedBytes > p.maxBytes/8 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byText[s.sql] != nil {
		return
	}
	for len(p.ring) > 0 && (len(p.ring) >= p.maxSlots || p.bytes+s.cachedBytes > p.maxBytes) {
		p.evict()
	}
	slot := &cacheSlot{stmt: s}
	p.byText[s.sql] = slot
	p.ring = append(p.ring, slot)
	p.bytes += s.cachedBytes
}

// evict drops one statement. After two rounds, which only readers that set the
// flags again meanwhile can make it need, it takes whichever is next.
func (p *cachePart) evict() {
	for steps := 0; ; steps++ {
		if p.hand >= len(p.ring) {
			p.hand = 0
		}
		slot := p.ring[p.hand]
		if slot.used.Swap(false) && steps < 2*len(p.ring) {
			p.hand++
			continue
		}
		last := len(p.ring) - 1
		p.ring[p.hand] = p.ring[last]
		p.ring[last] = nil
		p.ring = p.ring[:last]
		delete(p.byText, slot.stmt.sql)
		p.bytes -= slot.stmt.cachedBytes
		return
	}
}

// size tells how many statements are kept and about how much they take.
func (c *cache) size() (statements int, bytes int64) {
	for i := range c.parts {
		p := &c.parts[i]
		p.mu.RLock()
		statements += len(p.ring)
		bytes += p.bytes
		p.mu.RUnlock()
	}
	return statements, bytes
}
