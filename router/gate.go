package router

import (
	"sync"

	"github.com/berthdb/berth/shard"
)

// The gate counts what is in flight. A statement first registers and then
// checks that the view it was routed by is still the current one; an install
// first publishes the new view and then looks at what is registered. One of
// the two always sees the other, so that "registered" and "the current map
// says that its home is live here" are one atomic step. What is in flight on a
// range or a pin is found by asking each ticket whether the span covers it,
// which is exact however ranges are cut and members pinned meanwhile.
type gate struct {
	stripes [gateStripes]stripe
}

const gateStripes = 32

type stripe struct {
	mu   sync.Mutex
	head *ticket
	_    [48]byte // keep neighbours off one cache line
}

// link and unlink are called with the stripe locked.
func (s *stripe) link(t *ticket) {
	t.next = s.head
	if t.next != nil {
		t.next.prev = t
	}
	s.head = t
}

func (s *stripe) unlink(t *ticket) {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		s.head = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	t.prev, t.next = nil, nil
}

// enter registers the ticket as in flight.
func (g *gate) enter(t *ticket) {
	s := &g.stripes[uint64(t.kid)%gateStripes]
	t.stripe = s
	s.mu.Lock()
	s.link(t)
	s.mu.Unlock()
}

// leave takes the ticket out, once; more calls do nothing.
func (g *gate) leave(t *ticket) {
	s := t.stripe
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.gone {
		return
	}
	t.gone = true
	s.unlink(t)
	if t.left != nil {
		close(t.left)
	}
}

// covered lists the tickets in flight on the span of that owner, each with a
// channel that is closed when it leaves.
func (g *gate) covered(span shard.Span, owner string) []*ticket {
	var found []*ticket
	for i := range g.stripes {
		s := &g.stripes[i]
		s.mu.Lock()
		for t := s.head; t != nil; t = t.next {
			if t.on(span, owner) {
				if t.left == nil {
					t.left = make(chan struct{})
				}
				found = append(found, t)
			}
		}
		s.mu.Unlock()
	}
	return found
}

// count is the number of tickets in flight on each shard.
func (g *gate) count() map[string]int {
	n := map[string]int{}
	for i := range g.stripes {
		s := &g.stripes[i]
		s.mu.Lock()
		for t := s.head; t != nil; t = t.next {
			n[t.shard]++
		}
		s.mu.Unlock()
	}
	return n
}
