package router

import (
	"context"

	"github.com/berthdb/berth/shard"
)

// target says whom a statement is for: a member, else a shard.
type target struct {
	member shard.Member
	shard  string // of no single member: a named shard, or empty for whichever
	loose  bool   // it touches no member's rows, so no freeze concerns it
	wide   bool   // it may touch any row of the shard, so every freeze there does
}

func (to target) String() string {
	switch {
	case to.wide && to.shard == "":
		return "member " + to.member.String() + " (unscoped)"
	case !to.member.IsZero():
		return "member " + to.member.String()
	case to.shard != "":
		return "shard " + to.shard
	}
	return "no member"
}

// anywhere is the target of a statement that every shard answers alike.
var anywhere = target{loose: true}

// enter lets a statement in: it registers a ticket at the target's home, or
// waits in the buffer while that is being handed over. size is what the
// statement's text and parameters hold in memory meanwhile, in bytes.
func (r *Router) enter(ctx context.Context, to target, size int, p *patience) (*ticket, error) {
	t, err := r.admit(ctx, to, size, p)
	r.release(p, err)
	return t, err
}

func (r *Router) admit(ctx context.Context, to target, size int, p *patience) (*ticket, error) {
	for {
		v := r.view.Load()
		t := &ticket{member: to.member, loose: to.loose, wide: to.wide, epoch: v.m.Epoch()}
		var frozen *shard.Entry // what it has to wait for
		switch {
		case !to.member.IsZero():
			if err := v.m.Members().Type.Check(to.member); err != nil {
				return nil, err
			}
			t.kid = to.member.KeyspaceID()
			i := v.m.Lookup(to.member)
			e := v.m.Entry(i)
			t.shard, t.server = e.Shard, v.servers[i]
			if e.Frozen != nil {
				frozen = e
			}
		case to.shard == "":
			t.server = v.any[r.turn.Add(1)%uint64(len(v.any))]
			t.shard = t.server.shard.Name
		default:
			t.shard, t.server = to.shard, v.byShard[to.shard]
			if t.server == nil {
				return nil, refused("the map of epoch %d has no shard %q", v.m.Epoch(), to.shard)
			}
		}
		if frozen == nil && to.wide {
			frozen = v.frozen[t.shard]
		}
		if frozen == nil || to.loose {
			atomicGate.window()
			r.gate.enter(t)
			if r.view.Load() == v || atomicGate.off() {
				return t, nil
			}
			r.gate.leave(t)
			continue
		}
		r.hold(p, frozen)
		if err := r.buffer.wait(ctx, v.replaced, size, p); err != nil {
			return nil, t.failed(RanNot, err)
		}
	}
}
