package router

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/mysqld"
)

// testPool is a pool of real connections to a server of the test's own.
func testPool(t *testing.T, cfg PoolConfig) *pool {
	t.Helper()
	s, err := mysqld.Start(t.Context(), mysqld.Options{})
	if err != nil {
		t.Fatal(err)
	}
	connector, err := instance.NewConnector(instance.Config{
		Address: s.Addr(), User: s.App().User, Password: instance.Literal(s.App().Password), WithoutHello: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &pool{cfg: cfg.withDefaults(), dial: connector.Open}
	t.Cleanup(func() {
		p.close()
		if st := p.stat(); st.Open != 0 {
			t.Errorf("%d connections are open after the end", st.Open)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestPoolKeepsItsBoundAndServesInTurn(t *testing.T) {
	p := testPool(t, PoolConfig{MaxOpen: 3})
	var mu sync.Mutex
	inUse, most := 0, 0
	var wg sync.WaitGroup
	for w := range 20 {
		wg.Go(func() {
			for n := range 30 {
				ctx, cancel := context.WithCancel(t.Context())
				if (w+n)%7 == 0 {
					ctx, cancel = context.WithTimeout(ctx, 200*time.Microsecond) // some give up
				}
				c, err := p.get(ctx)
				cancel()
				if err != nil {
					// Not in time: by the context, or on a busy machine by the dialer.
					var late net.Error
					if !errors.Is(err, context.DeadlineExceeded) && !(errors.As(err, &late) && late.Timeout()) {
						t.Error(err)
					}
					continue
				}
				mu.Lock()
				inUse++
				most = max(most, inUse)
				mu.Unlock()
				if err := c.Ping(t.Context()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				inUse--
				mu.Unlock()
				if n%5 == 0 {
					p.discard(c)
				} else {
					p.put(c)
				}
			}
		})
	}
	wg.Wait()
	st := p.stat()
	if most != 3 || st.Open > 3 || st.Open != st.Idle || len(p.waiters) != 0 {
		t.Errorf("at most %d in use at once, then %+v, %d waiting", most, st, len(p.waiters))
	}
}

func TestPoolDropsWhatTheServerClosed(t *testing.T) {
	p := testPool(t, PoolConfig{})
	c, err := p.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	killed := c.ID()
	p.put(c)
	other, err := p.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.ExecContext(t.Context(), fmt.Sprint("KILL ", killed), nil); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; {
		c, err = p.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c.ID() != killed {
			break
		}
		p.put(c)
		if time.Now().After(end) {
			t.Fatal("a connection that the server closed is given out again and again")
		}
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	p.put(c)
}
