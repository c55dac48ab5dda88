package router_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/testfleet"
)

// slowDoor is a dialer that holds back each connection until it is opened.
type slowDoor struct {
	knocked chan struct{} // closed when somebody dials
	open    chan struct{} // close it to let all in
	once    sync.Once
}

func (d *slowDoor) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d.once.Do(func() { close(d.knocked) })
	select {
	case <-d.open:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// A statement that was let in before a freeze gets its connection only after
// it, when the router has the new map and the mover has fenced the server and
// looked for sessions to kill: hello, asked by the new map's epoch, shows no
// fence, so it is the statement's own epoch that has to stop it.
func TestStatementLetInBeforeAFreezeIsNotSentOnAConnectionMadeAfterTheFence(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	door := &slowDoor{knocked: make(chan struct{}), open: make(chan struct{})}
	p := repository(t, open(t, f, func(c *router.Config) {
		c.Instance.Dial, c.Instance.DialTimeout = door.dial, time.Minute
	}))
	moving, span := f.MemberOn(0, 0), rangeOn(f, 0)
	done := make(chan error, 1)
	go func() {
		_, err := p.Member(moving).ExecContext(t.Context(), insert, moving.String(), 1, "x")
		done <- err
	}()
	<-door.knocked
	m := freeze(f, span, "s2", time.Minute)
	eventually(t, "the router has the freeze", func() bool { return p.Router().Epoch() == m.Epoch() })
	if err := instance.RaiseFence(t.Context(), f.Admin[0], span, m.Epoch(), "test"); err != nil {
		t.Fatal(err)
	}
	// No session of the router is there yet that the mover could kill.
	close(door.open)
	eventually(t, "the statement waits, or went through", func() bool { return p.Stat().Buffered == 1 || len(done) == 1 })
	if got := names(t, f.Admin[0], moving); len(got) != 0 {
		t.Errorf("written to the old home after the fence: %v", got)
	}
	eventually(t, "the router acknowledges", acknowledged(t, f, m.Epoch()))
	switched(t, f, span)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := names(t, f.Admin[1], moving); len(got) != 1 {
		t.Errorf("rows at the new home: %v", got)
	}
}

func switched(t testing.TB, f *testfleet.Fleet, s shard.Span) {
	t.Helper()
	f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Switch(f.Change("switch"), s, "a1") })
}
