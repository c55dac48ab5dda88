package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/berthdb/berth/shard"
)

// change is who makes the next map, when, and why.
func (a *app) change(action string, args ...any) shard.Change {
	return shard.Change{Author: author(), Time: a.now(), Action: fmt.Sprintf(action, args...), Reason: a.reason}
}

// swap makes next the current map. It settles an unknown outcome by looking,
// where that can settle it.
func (c *cluster) swap(ctx context.Context, old, next *shard.Map) error {
	bounded, cancel := context.WithTimeout(ctx, storeLimit)
	err := c.store.Swap(bounded, old, next)
	cancel()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, shard.ErrUnknownOutcome):
		if m, lerr := c.lookAgain(ctx); lerr == nil && m.Digest() == next.Digest() {
			return nil
		}
	case errors.Is(err, shard.ErrConflict):
		if m, lerr := c.lookAgain(ctx); lerr == nil {
			return fmt.Errorf("%w: epoch %d was made by %s at %s (%s)", err, m.Epoch(), m.Change().Author, moment(m.Change().Time), m.Change().Action)
		}
	}
	return err
}

// lookAgain loads the map also when the caller's context has ended: what came
// of a change has to be known.
func (c *cluster) lookAgain(ctx context.Context) (*shard.Map, error) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	return c.store.Load(bounded)
}

// changed tells that the map was changed.
func (a *app) changed(m *shard.Map) error {
	if a.json() {
		return printJSON(a.out, struct {
			Epoch  uint64 `json:"epoch"`
			Action string `json:"action"`
		}{m.Epoch(), m.Change().Action})
	}
	fmt.Fprintf(a.out, "done: the map has epoch %d\n", m.Epoch())
	return nil
}

// edit carries out a change that is one new map and nothing else.
func (a *app) edit(ctx context.Context, c *cluster, old, next *shard.Map, notes ...string) error {
	p := plan{title: next.Change().Action}
	for _, d := range shard.Diff(old, next) {
		p.add("%s", d)
	}
	p.steps = append(p.steps, notes...)
	p.add("map of epoch %d in %s", next.Epoch(), c.store)
	if ok, err := a.agree(ctx, p); err != nil || !ok {
		return err
	}
	if err := c.swap(ctx, old, next); err != nil {
		return err
	}
	return a.changed(next)
}
