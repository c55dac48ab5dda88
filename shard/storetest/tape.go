package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
)

// Patience is how long a test waits for what has to happen.
const Patience = 60 * time.Second

// Tape records what a watch reports.
type Tape struct {
	t    testing.TB
	stop context.CancelFunc
	over chan struct{}

	mu     sync.Mutex
	events []shard.Event
	more   chan struct{} // closed at the next event
	err    error
}

// Watch starts a watch of the store and ends it with the test.
func Watch(t testing.TB, s shard.Store) *Tape {
	ctx, stop := context.WithCancel(context.Background())
	tape := &Tape{t: t, stop: stop, over: make(chan struct{}), more: make(chan struct{})}
	go func() {
		defer close(tape.over)
		err := s.Watch(ctx, tape.record)
		tape.mu.Lock()
		defer tape.mu.Unlock()
		tape.err = err
	}()
	t.Cleanup(func() { _ = tape.End() })
	return tape
}

func (tape *Tape) record(e shard.Event) {
	tape.mu.Lock()
	defer tape.mu.Unlock()
	if (e.Map == nil) == (e.Err == nil) {
		tape.t.Errorf("event %d has a map and an error, or neither: %+v", len(tape.events), e)
	}
	tape.events = append(tape.events, e)
	close(tape.more)
	tape.more = make(chan struct{})
}

// Len is the number of events so far.
func (tape *Tape) Len() int {
	tape.mu.Lock()
	defer tape.mu.Unlock()
	return len(tape.events)
}

// Events are those from the given number on.
func (tape *Tape) Events(from int) []shard.Event {
	tape.mu.Lock()
	defer tape.mu.Unlock()
	return append([]shard.Event(nil), tape.events[from:]...)
}

// Wait returns the first event, from the given number on, that ok accepts,
// and its number.
func (tape *Tape) Wait(from int, what string, ok func(shard.Event) bool) (shard.Event, int) {
	tape.t.Helper()
	limit := time.NewTimer(Patience)
	defer limit.Stop()
	for i := from; ; {
		tape.mu.Lock()
		more := tape.more
		for ; i < len(tape.events); i++ {
			if e := tape.events[i]; ok(e) {
				tape.mu.Unlock()
				return e, i
			}
		}
		tape.mu.Unlock()
		select {
		case <-more:
		case <-tape.over:
			tape.t.Fatalf("the watch ended while it should report %s: %v", what, tape.End())
		case <-limit.C:
			tape.t.Fatalf("in %s the watch did not report %s but %s", Patience, what, describe(tape.Events(from)))
		}
	}
}

// Epoch waits for a map of that epoch or a later one.
func (tape *Tape) Epoch(from int, epoch uint64) (shard.Event, int) {
	tape.t.Helper()
	return tape.Wait(from, "the newest map", func(e shard.Event) bool { return e.Map != nil && e.Map.Epoch() >= epoch })
}

// Failure waits for any failure.
func (tape *Tape) Failure(from int) (shard.Event, int) {
	tape.t.Helper()
	return tape.Wait(from, "a failure", func(e shard.Event) bool { return e.Err != nil })
}

// End ends the watch, waits for it and gives what it returned.
func (tape *Tape) End() error {
	tape.stop()
	<-tape.over
	tape.mu.Lock()
	defer tape.mu.Unlock()
	return tape.err
}
