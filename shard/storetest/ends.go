package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/berthdb/berth/shard"
)

// calls are all that a store can be asked, each with what it gives.
func calls(s shard.Store, m, next *shard.Map) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Load":    func(ctx context.Context) error { _, err := s.Load(ctx); return err },
		"Swap":    func(ctx context.Context) error { return s.Swap(ctx, m, next) },
		"Watch":   func(ctx context.Context) error { return s.Watch(ctx, func(shard.Event) {}) },
		"At":      func(ctx context.Context) error { _, err := s.At(ctx, 1); return err },
		"History": func(ctx context.Context) error { _, err := s.History(ctx); return err },
		"Routers": func(ctx context.Context) error { _, err := s.Routers(ctx); return err },
		"Register": func(ctx context.Context) error {
			_, err := s.Register(ctx, router("r1"))
			return err
		},
		"Record":  func(ctx context.Context) error { _, err := s.Record(ctx, "jobs", "1"); return err },
		"Records": func(ctx context.Context) error { _, err := s.Records(ctx, "jobs"); return err },
		"PutRecord": func(ctx context.Context) error {
			_, err := s.PutRecord(ctx, shard.Record{Kind: "jobs", Name: "1"})
			return err
		},
		"DeleteRecord": func(ctx context.Context) error {
			return s.DeleteRecord(ctx, shard.Record{Kind: "jobs", Name: "1", Version: 1})
		},
		"Lock": func(ctx context.Context) error { _, err := s.Lock(ctx, "job", "me"); return err },
	}
}

func testEndedContext(t *testing.T, b *bench) {
	s, m := b.with()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, call := range calls(s, m, Next(t, m, "x")) {
		if err := call(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	reg := b.register(s, router("r2"))
	if err := reg.Announce(ended, router("r2")); !errors.Is(err, context.Canceled) {
		t.Errorf("Announce: %v", err)
	}
	b.stored(s, m)
}

func testClosed(t *testing.T, b *bench) {
	s, err := b.place.Open()
	if err != nil {
		t.Fatal(err)
	}
	m := First(t, "c1")
	b.swap(s, nil, m)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls(s, m, Next(t, m, "x")) {
		if err := call(b.ctx()); !errors.Is(err, shard.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.String() == "" {
		t.Error("a closed store has no name")
	}
}
