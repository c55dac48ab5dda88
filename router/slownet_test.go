package router_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/tools/testfleet"
)

// Over a long way a new connection takes longer than a probe of a server next
// door has: that one caller was impatient must not close the shard to all.
func TestImpatientCallerDoesNotTripTheBreakerOfADistantServer(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f, func(c *router.Config) {
		c.Instance.DialTimeout = 5 * time.Second
		c.Instance.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			select {
			case <-time.After(250 * time.Millisecond):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	}))
	m := f.MemberOn(0, 0)
	read := func(ctx context.Context) error {
		return p.Member(m).QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts WHERE member_id = ?", m.String()).Scan(new(int))
	}
	if err := read(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Member(m).Unscoped().ExecContext(ctx, "DO SLEEP(100)"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the impatient caller: %v", err)
	}
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if b := p.Stat().Servers[0].Breaker; b != "closed" {
			t.Fatalf("the breaker is %s", b)
		}
	}
	if err := read(t.Context()); err != nil {
		t.Error(err)
	}
}
