package mutation_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard/instance"
)

// A process that is cut off has a transaction open; its next start, under the
// same name, acknowledges.
func TestIncarnation(t *testing.T) {
	h := newHandover(t)
	away := &cut{Store: h.f.Store}
	former := h.open(away)
	h.must(h.set(t.Context(), former, 1))
	tx, err := former.Member(h.member).BeginTx(t.Context(), nil)
	h.must(err)
	_, err = tx.ExecContext(t.Context(), update, 2, h.member.String())
	h.must(err)
	away.cutOff()
	h.must(former.Router().Close()) // leaves the list; what it has open stays
	h.open(h.f.Store)

	epoch := h.freeze(time.Minute)
	h.finish(epoch, 1, 10*time.Second)
	if err := tx.Commit(); err == nil {
		t.Errorf("a transaction of before was committed: the old home has %d, the new one %d", h.register(0), h.register(1))
	}
}

// An attempt is acknowledged and aborted. The next one meets a transaction.
func TestDrainedEpoch(t *testing.T) {
	h := newHandover(t)
	p := h.open(h.f.Store)
	h.must(h.set(t.Context(), p, 1))
	if len(h.acknowledged(h.freeze(time.Minute), 1, 10*time.Second)) == 0 {
		t.Fatal("the first attempt was not acknowledged")
	}
	h.abort()
	tx, err := p.Member(h.member).BeginTx(t.Context(), nil)
	h.must(err)
	_, err = tx.ExecContext(t.Context(), update, 2, h.member.String())
	h.must(err)
	epoch := h.freeze(time.Minute)
	h.follows(p, epoch)
	h.finish(epoch, 1, time.Second)
	if err := tx.Commit(); err == nil {
		t.Errorf("a transaction that was open during the switch was committed: the old home has %d, the new one %d", h.register(0), h.register(1))
	}
}

// A router that knows nothing of the move makes its first connection after it.
func TestHello(t *testing.T) {
	h := newHandover(t)
	away := &cut{Store: h.f.Store}
	p := h.open(away)
	away.cutOff()
	h.finish(h.freeze(time.Minute), 1, 100*time.Millisecond)
	if err := h.set(h.within(500*time.Millisecond), p, 1); err == nil || h.register(0) != 0 {
		t.Errorf("a router that is behind has written %d to the old home: %v", h.register(0), err)
	}
}

// The mover of an attempt that was aborted wakes up after the next one has
// switched, and fences once more.
func TestFenceRises(t *testing.T) {
	h := newHandover(t)
	away := &cut{Store: h.f.Store}
	p := h.open(away)
	first := h.freeze(time.Minute)
	h.acknowledged(first, 1, 20*time.Second)
	h.abort()
	h.follows(p, first+1)
	away.cutOff()
	h.finish(h.freeze(time.Minute), 1, 100*time.Millisecond)
	h.must(instance.RaiseFence(t.Context(), h.f.Admin[0], h.span, first, "a mover that is late"))
	if err := h.set(h.within(500*time.Millisecond), p, 1); err == nil || h.register(0) != 0 {
		t.Errorf("a router that is behind has written %d to the old home: %v", h.register(0), err)
	}
}

// A write waits for a row's lock when the drain's time is over.
func TestConfirmedEnd(t *testing.T) {
	h := newHandover(t)
	p := h.open(h.f.Store)
	h.must(h.set(t.Context(), p, 1))
	lock, err := h.f.Admin[0].BeginTx(t.Context(), nil)
	h.must(err)
	defer func() { _ = lock.Rollback() }()
	_, err = lock.ExecContext(t.Context(), "SELECT reg FROM objects WHERE member_id = ? FOR UPDATE", h.member.String())
	h.must(err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.set(t.Context(), p, 2) // it was killed, or its connection closed
	}()
	waiting := func() (n int) {
		h.must(h.f.Admin[0].QueryRowContext(t.Context(), "SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_DB = ? AND PROCESSLIST_INFO LIKE 'UPDATE objects%'",
			h.f.Shards[0].Database).Scan(&n))
		return n
	}
	for waiting() == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	if len(h.acknowledged(h.freeze(2*time.Second), 1, 20*time.Second)) == 0 {
		t.Fatal("the freeze was not acknowledged")
	}
	h.hand()
	h.must(lock.Rollback())
	<-done
	for end := time.Now().Add(10 * time.Second); waiting() > 0 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	if got := h.register(0); got != 1 {
		t.Errorf("the old home was written to after the acknowledgement: %d", got)
	}
}

// A transaction is open, and idle, when its member is frozen.
func TestOpenCounts(t *testing.T) {
	h := newHandover(t)
	p := h.open(h.f.Store)
	tx, err := p.Member(h.member).BeginTx(t.Context(), nil)
	h.must(err)
	_, err = tx.ExecContext(t.Context(), update, 1, h.member.String())
	h.must(err)
	h.finish(h.freeze(4*time.Second), 1, 20*time.Second)
	if err := tx.Commit(); err == nil && h.register(1) != 1 {
		t.Errorf("a committed transaction is lost: the old home has %d, the new one %d", h.register(0), h.register(1))
	}
}

// A router learns of the freeze, and of the switch only later.
func TestReadsWait(t *testing.T) {
	h := newHandover(t)
	late := &cut{Store: h.f.Store}
	behind, ahead := h.open(late), h.open(h.f.Store)
	h.must(h.set(t.Context(), behind, 1))
	epoch := h.freeze(time.Minute)
	acked := h.acknowledged(epoch, 2, 20*time.Second)
	late.cutOff()
	h.fenceAndKill(epoch, acked)
	h.hand()
	h.must(h.set(t.Context(), ahead, 2))
	if got, err := h.get(h.within(500*time.Millisecond), behind); err == nil && got != 2 {
		t.Errorf("a read gave %d after 2 was acknowledged", got)
	}
}

// Appends go on through several handovers, each of which trusts in the
// router's acknowledgement.
func TestAtomicGate(t *testing.T) {
	h := newHandover(t)
	p := h.open(h.f.Store)
	var stop atomic.Bool
	var wg sync.WaitGroup
	done := make([][]string, 8)
	for w := range done {
		wg.Go(func() {
			for n := 0; !stop.Load(); n++ {
				v := strconv.Itoa(1000*(w+1) + n)
				_, err := p.Member(h.member).ExecContext(t.Context(), "UPDATE objects SET list = CONCAT(list, ?) WHERE member_id = ? AND id = 1", v+",", h.member.String())
				if err != nil {
					t.Errorf("append: %v", err)
					return
				}
				done[w] = append(done[w], v)
			}
		})
	}
	for range 6 {
		time.Sleep(50 * time.Millisecond)
		epoch := h.freeze(time.Minute)
		if len(h.acknowledged(epoch, 1, 20*time.Second)) == 0 {
			t.Error("a freeze was not acknowledged")
		}
		h.hand()
	}
	stop.Store(true)
	wg.Wait()
	var list string
	h.must(h.f.Admin[h.from].QueryRowContext(t.Context(), "SELECT list FROM objects WHERE member_id = ?", h.member.String()).Scan(&list))
	there := strings.Split(list, ",")
	lost := 0
	for _, v := range slices.Concat(done...) {
		if !slices.Contains(there, v) {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged appends are lost", lost, len(slices.Concat(done...)))
	}
}

// A store that was put back shows a router the map of before.
func TestMapsForward(t *testing.T) {
	h := newHandover(t)
	back := &cut{Store: h.f.Store}
	p := h.open(back)
	h.must(h.set(t.Context(), p, 1)) // which leaves a connection to the old home
	before := h.f.Map()
	h.finish(h.freeze(time.Minute), 1, 20*time.Second)
	h.follows(p, h.f.Map().Epoch())
	back.show(before)
	if err := h.set(h.within(5*time.Second), p, 2); err == nil && h.register(1) != 2 {
		t.Errorf("written to the old home, which has %d; the new one has %d", h.register(0), h.register(1))
	}
}

// The worker is gone, and its attempt's time is over.
func TestAbortByOthers(t *testing.T) {
	h := newHandover(t)
	p := h.open(h.f.Store)
	epoch := h.freeze(500 * time.Millisecond)
	h.unlock()
	h.follows(p, epoch+1)
	if err := h.set(h.within(20*time.Second), p, 1); err != nil || h.register(0) != 1 {
		t.Errorf("a write after the abort: %v; the home has %d", err, h.register(0))
	}
}

// A connection breaks between a statement and its answer.
func TestUnknownStays(t *testing.T) {
	h := newHandover(t)
	var armed atomic.Bool
	p := h.open(h.f.Store, func(c *router.Config) {
		c.Instance.Options.InterpolateParams = true
		c.Instance.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			return &deafAfterWrite{Conn: c, armed: &armed}, err
		}
	})
	h.must(h.set(t.Context(), p, 1))
	armed.Store(true)
	_, err := p.Member(h.member).ExecContext(t.Context(), "UPDATE objects SET n = n + 1 WHERE member_id = ? AND id = 1", h.member.String())
	if !errors.Is(err, router.ErrUnknownOutcome) {
		t.Errorf("an answer that was lost came back as %v", err)
	}
	var n int
	h.must(h.f.Admin[0].QueryRowContext(t.Context(), "SELECT n FROM objects WHERE member_id = ?", h.member.String()).Scan(&n))
	if n > 1 {
		t.Errorf("applied %d times", n)
	}
}

// deafAfterWrite breaks once, when the server has the next statement, and has
// had a while to carry it out.
type deafAfterWrite struct {
	net.Conn
	armed *atomic.Bool
	deaf  atomic.Bool
}

func (c *deafAfterWrite) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if strings.Contains(string(b), "UPDATE objects SET n") && c.armed.Swap(false) {
		time.Sleep(300 * time.Millisecond)
		c.deaf.Store(true)
	}
	return n, err
}

func (c *deafAfterWrite) Read(b []byte) (int, error) {
	if c.deaf.Load() {
		_ = c.Conn.Close()
	}
	return c.Conn.Read(b)
}
