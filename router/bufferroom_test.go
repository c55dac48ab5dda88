package router_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/tools/testfleet"
)

// The first statement of a transaction waits with its parameters, as one
// outside does, so the buffer counts them.
func TestBufferCountsTheStatementThatBindsATransaction(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f, func(c *router.Config) {
		c.Buffer.Bytes, c.Buffer.Window = 1000, 10*time.Minute
	}))
	moving := f.MemberOn(0, 0)
	m := freeze(f, rangeOn(f, 0), "s2", time.Minute)
	eventually(t, "the router has the freeze", func() bool { return p.Router().Epoch() == m.Epoch() })
	tx, err := p.DB().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := tx.ExecContext(t.Context(), insert, moving.String(), 1, strings.Repeat("x", 2000))
		done <- err
	}()
	eventually(t, "it is turned away", func() bool { return p.Stat().Turned == 1 })
	if err := <-done; !errors.Is(err, router.ErrBuffered) {
		t.Error(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsTheWaitOfTheBuffered(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	r := open(t, f, func(c *router.Config) { c.Buffer.Window = 10 * time.Minute })
	p := repository(t, r)
	moving := f.MemberOn(0, 0)
	freeze(f, rangeOn(f, 0), "s2", time.Minute)
	done := make(chan error, 1)
	eventually(t, "the router has the freeze", func() bool { return r.Epoch() == 2 })
	go func() {
		_, err := p.Member(moving).ExecContext(t.Context(), insert, moving.String(), 1, "x")
		done <- err
	}()
	eventually(t, "the statement waits", func() bool { return p.Stat().Buffered == 1 })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is let go", func() bool { return p.Stat().Buffered == 0 })
	if err := <-done; !errors.Is(err, router.ErrClosed) || !router.Retryable(err) {
		t.Errorf("a statement that waited when the router was closed: %v", err)
	}
}
