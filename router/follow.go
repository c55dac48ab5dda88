package router

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/berthdb/berth/shard"
)

// firstMap is the map to start with: the store's or the cached one, whichever
// is newer, and the cached one when the store has none to give.
func (r *Router) firstMap(ctx context.Context) (*shard.Map, error) {
	bounded, cancel := context.WithTimeout(ctx, r.cfg.StartTimeout)
	defer cancel()
	stored, err := r.cfg.Store.Load(bounded)
	cached, cacheErr := readCache(r.cfg.CacheFile)
	switch {
	case err == nil && (cached == nil || cached.Cluster() != stored.Cluster() || cached.Epoch() <= stored.Epoch()):
		r.confirm()
		return stored, nil
	case err == nil:
		err = fmt.Errorf("the store's map has epoch %d, this host has had %d: it was put back to an older state", stored.Epoch(), cached.Epoch())
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case cached == nil && cacheErr != nil:
		return nil, fmt.Errorf("load the map from %s: %w (and the cached map can't be used: %w)", r.cfg.Store, err, cacheErr)
	case cached == nil:
		return nil, fmt.Errorf("load the map from %s: %w", r.cfg.Store, err)
	}
	r.log.Warn("starting from the cached map", "epoch", cached.Epoch(), "store", r.cfg.Store.String(), "error", err)
	r.state.mu.Lock()
	r.state.err, r.state.cached = err, true
	r.state.mu.Unlock()
	return cached, nil
}

// follow installs each map that the store shows.
func (r *Router) follow(ctx context.Context) {
	for ctx.Err() == nil {
		err := r.cfg.Store.Watch(ctx, func(e shard.Event) { r.see(e.Map, e.Err) })
		if ctx.Err() == nil { // Watch promises not to return; be sure all the same
			r.see(nil, fmt.Errorf("watch ended: %w", err))
			sleep(ctx, time.Second)
		}
	}
}

// answer loads the map from the store when a server's fence has shown that
// the current one is old, without waiting for the watch.
func (r *Router) answer(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.ask:
		}
		bounded, cancel := context.WithTimeout(ctx, time.Second)
		before := r.Epoch()
		m, err := r.cfg.Store.Load(bounded)
		cancel()
		if err != nil || m.Epoch() < before || m.Epoch() >= r.Epoch() { // else the watch was quicker
			r.see(m, err)
		}
		if !sleep(ctx, 20*time.Millisecond) { // the askers ask again, so not faster than this
			return
		}
	}
}

func (r *Router) askStore() {
	select {
	case r.ask <- struct{}{}:
	default:
	}
}

// see takes in what the store shows, or that it shows nothing.
func (r *Router) see(m *shard.Map, err error) {
	if err == nil {
		err = r.install(m)
	}
	r.state.mu.Lock()
	before := r.state.err
	r.state.err = err
	r.state.mu.Unlock()
	switch {
	case err == nil:
		r.confirm()
		if before != nil {
			r.log.Info("store is back", "store", r.cfg.Store.String(), "epoch", m.Epoch())
		}
	case before == nil || before.Error() != err.Error():
		r.log.Warn("store shows no map to follow; routing goes on by the last good one", "store", r.cfg.Store.String(), "epoch", r.Epoch(), "error", err)
	}
}

func (r *Router) confirm() {
	r.state.mu.Lock()
	r.state.confirmed, r.state.cached = time.Now(), false
	r.state.mu.Unlock()
}

// errBehind: the store shows an older map than the router has had.
var errBehind = errors.New("the store's map is older than this router's")

// install makes the map the current one, unless it is older, or of another
// cluster: a router never goes back. What the map freezes is drained.
func (r *Router) install(m *shard.Map) error {
	r.installing.Lock()
	defer r.installing.Unlock()
	old := r.view.Load()
	if old != nil {
		switch {
		case old.m.Cluster() != m.Cluster():
			return fmt.Errorf("the store's map is of cluster %s and this router is of %s: restart it if that is meant", m.Cluster(), old.m.Cluster())
		case m.Epoch() < old.m.Epoch() && !mapsForward.off():
			return fmt.Errorf("%w: epoch %d, here %d; put the newest map back (berth map export shows this router's)", errBehind, m.Epoch(), old.m.Epoch())
		case m == old.m:
			return nil
		case m.Epoch() == old.m.Epoch():
			if m.Digest() != old.m.Digest() {
				return fmt.Errorf("the store's map of epoch %d is not the one this router has: two histories of one cluster", m.Epoch())
			}
			return nil
		}
	}
	v, err := r.newView(m, old)
	if err != nil {
		return err
	}
	r.view.Store(v)
	if old != nil {
		close(old.replaced)
		r.endPauses()
		r.log.Info("map changed", "epoch", m.Epoch(), "action", m.Change().Action, "author", m.Change().Author)
	}
	if len(v.frozen) > 0 {
		r.spawn(func(ctx context.Context) { r.drain(ctx, v) })
		r.warm(v)
	}
	r.announceSoon()
	// Not in the way of the next map: with many pins it takes longer than the
	// whole of a cutover may.
	if r.cfg.CacheFile != "" {
		r.spawn(func(context.Context) { r.keep() })
	}
	return nil
}

// keep writes the current map to the cache file.
func (r *Router) keep() {
	r.keeping.Lock()
	defer r.keeping.Unlock()
	if err := writeCache(r.cfg.CacheFile, r.Map()); err != nil {
		r.log.Warn("can't keep the map for a start without the store", "error", err)
	}
}
