package router_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestRetryable(t *testing.T) {
	not := &router.StatementError{Ran: router.RanNot, Err: router.ErrUnavailable}
	unknown := &router.StatementError{Ran: router.RanUnknown, Err: router.ErrUnknownOutcome}
	for _, c := range []struct {
		name string
		err  error
		want bool
	}{
		{"nothing", nil, false},
		{"did not run", not, true},
		{"wrapped", fmt.Errorf("sync: %w", not), true},
		{"unknown", unknown, false},
		{"one of each", errors.Join(not, unknown), false},
		// The other shard has done its part.
		{"on one of two shards", &router.ShardsError{Shards: 2, Failed: map[string]error{"s1": not}}, false},
		{"canceled", &router.StatementError{Ran: router.RanNot, Err: context.Canceled}, false},
	} {
		if got := router.Retryable(c.err); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}

func TestStatementUnderAnEndedContextDidNotRun(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	m := f.MemberOn(0, 0)
	past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	// database/sql looks first; under a router without it the driver does.
	conn, err := p.Router().Connector().Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	exec := func(ctx context.Context) error {
		return execRaw(ctx, conn, "DELETE FROM contacts WHERE member_id = "+m.String())
	}
	if err := exec(t.Context()); err != nil { // so that a connection is there
		t.Fatal(err)
	}
	var se *router.StatementError
	if err := exec(past); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &se) || se.Ran != router.RanNot || !router.Retryable(err) {
		t.Errorf("it did not run, and is reported as %v", err)
	}
}

func execRaw(ctx context.Context, c driver.Conn, query string) error {
	_, err := c.(driver.ExecerContext).ExecContext(ctx, query, nil)
	return err
}
