package router

import (
	"context"

	"github.com/berthdb/berth/shard"
)

// register announces the router in the store, and each change of its state.
func (r *Router) register(ctx context.Context) {
	pause := newPause()
	for ctx.Err() == nil {
		reg, err := r.cfg.Store.Register(ctx, r.routerState())
		if err == nil {
			r.announce(ctx, reg)
			return
		}
		r.log.Debug("can't register the router", "error", err)
		sleep(ctx, 5*pause.NextBackOff())
	}
}

func (r *Router) announce(ctx context.Context, reg shard.Registration) {
	for {
		select {
		case <-ctx.Done():
			if err := reg.Close(); err != nil {
				r.log.Debug("can't take the router out of the store's list", "error", err)
			}
			return
		case <-r.news:
		}
		// What could not be announced is sent again by the registration.
		if err := reg.Announce(ctx, r.routerState()); err != nil {
			r.log.Debug("can't announce the router's state yet", "error", err)
		}
	}
}

func (r *Router) routerState() shard.RouterState {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	if r.state.drained > 0 && drainedEpoch.off() {
		r.state.drained = r.Epoch()
	}
	return shard.RouterState{
		Incarnation: r.incarnation, Name: r.cfg.Name, Version: r.cfg.Version,
		Epoch: r.Epoch(), Drained: r.state.drained, Pauses: r.pastPauses(),
	}
}

func (r *Router) announceSoon() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// acknowledge tells the store that all that the map of that epoch froze is
// answered or ended.
func (r *Router) acknowledge(epoch uint64) {
	r.state.mu.Lock()
	r.state.drained = max(r.state.drained, epoch)
	r.state.mu.Unlock()
	r.announceSoon()
}
