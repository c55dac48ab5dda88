package community_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/tools/community"
	"github.com/berthdb/berth/tools/testfleet"
)

// fleet is two shards with the community's tables, and a way to them.
func fleet(t *testing.T) (*testfleet.Fleet, *router.Repository) {
	t.Helper()
	f := testfleet.New(t, testfleet.Options{Schema: community.Schema(), Tables: community.Tables()})
	r, err := router.Open(t.Context(), router.Config{Store: f.Store, Instance: f.Instance})
	if err != nil {
		t.Fatal(err)
	}
	repo := router.NewRepository(r)
	t.Cleanup(func() {
		if err := errors.Join(repo.Close(), r.Close()); err != nil {
			t.Error(err)
		}
	})
	return f, repo
}

// rows counts on all shards, past all routing.
func rows(t *testing.T, f *testfleet.Fleet, table string) (sum int) {
	t.Helper()
	for _, admin := range f.Admin {
		var n int
		if err := admin.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

func TestLoadTwice(t *testing.T) {
	f, repo := fleet(t)
	c := community.New(community.Spec{Members: 50, Seed: 3})
	for range 2 {
		var loaded atomic.Int64
		if err := c.Load(t.Context(), repo, 4, &loaded); err != nil {
			t.Fatal(err)
		}
		there := rows(t, f, "contacts") + rows(t, f, "conversations") + rows(t, f, "messages")
		if there != c.Rows() || loaded.Load() != int64(c.Rows()) {
			t.Fatalf("%d rows are there and %d were counted, and the community has %d", there, loaded.Load(), c.Rows())
		}
	}
}

// An end of the context says so, and cuts no member off in the middle.
func TestLoadStops(t *testing.T) {
	f, repo := fleet(t)
	c := community.New(community.Spec{Members: 50, Seed: 3})
	stopped := errors.New("enough")
	ctx, stop := context.WithCancelCause(t.Context())
	stop(stopped)
	if err := c.Load(ctx, repo, 4, nil); !errors.Is(err, stopped) {
		t.Errorf("a load that was stopped says %v", err)
	}
	if n := rows(t, f, "messages"); n != 0 {
		t.Errorf("it wrote %d messages after it was stopped", n)
	}
}

// Every write that the traffic counts is there, and nothing else is: the end of
// the run cuts nothing off.
func TestTraffic(t *testing.T) {
	f, repo := fleet(t)
	c := community.New(community.Spec{Members: 50, Seed: 3})
	if err := c.Load(t.Context(), repo, 4, nil); err != nil {
		t.Fatal(err)
	}
	before := rows(t, f, "messages")
	traffic := c.Traffic(repo)
	run(t, traffic, 300)
	if err := traffic.Failed(); err != nil {
		t.Error(err)
	}
	var reads, writes int64
	stats := traffic.Take()
	for _, s := range stats {
		reads, writes = reads+s.Reads, writes+s.Writes
		if s.Failures != 0 || s.P50 <= 0 || s.P99 < s.P50 {
			t.Errorf("shard %s: %+v", s.Shard, s)
		}
	}
	if len(stats) != 2 || reads == 0 || writes == 0 || reads+writes != traffic.Done() {
		t.Errorf("%d shards with %d reads and %d writes, and %d were done", len(stats), reads, writes, traffic.Done())
	}
	if added := rows(t, f, "messages") - before; int64(added) != writes {
		t.Errorf("%d messages came, and %d writes were counted", added, writes)
	}
	if again := traffic.Take(); len(again) != 0 {
		t.Errorf("the counts were taken and are there again: %+v", again)
	}
}

func TestTrafficThatOnlyReads(t *testing.T) {
	_, repo := fleet(t)
	c := community.New(community.Spec{Members: 10, Seed: 3, Writes: -1})
	traffic := c.Traffic(repo)
	run(t, traffic, 20)
	for _, s := range traffic.Take() {
		if s.Writes > 0 {
			t.Errorf("shard %s has %d writes", s.Shard, s.Writes)
		}
	}
}

// run runs the traffic until so much was done, or failed.
func run(t *testing.T, traffic *community.Traffic, least int64) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		traffic.Run(ctx, 4)
	}()
	for traffic.Done() < least && traffic.Failed() == nil && t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
	stop()
	<-ended
}
