package router

import "time"

// Stat is a snapshot of a router.
type Stat struct {
	Epoch       uint64
	Incarnation string
	Confirmed   time.Time // when the store last said that the map is current; zero: never
	Cached      bool      // the map came from the cache file and the store has not confirmed it
	StoreErr    error     // why the store can't say so now
	Buffered    int       // statements that wait for a member on the move
	BufferedAll uint64    // that ever did
	Turned      uint64    // that the buffer refused, for lack of room or time
	Servers     []ServerStat
}

// ServerStat is a snapshot of one shard's primary as the router sees it.
type ServerStat struct {
	Shard, Instance string
	Breaker         string // closed, half-open or open
	InFlight        int    // statements and transactions, those included whose end has to be seen
	Orphans         int    // of them, broken sessions whose end has to be seen
	Pool            PoolStat
	LastErr         error // the latest failure to reach the server
	LastErrAt       time.Time
}

// Stat takes a snapshot.
func (r *Router) Stat() Stat {
	v := r.view.Load()
	flight := r.gate.count()
	st := Stat{Epoch: v.m.Epoch(), Incarnation: r.incarnation}
	r.state.mu.Lock()
	st.Confirmed, st.Cached, st.StoreErr = r.state.confirmed, r.state.cached, r.state.err
	r.state.mu.Unlock()
	r.buffer.mu.Lock()
	st.Buffered, st.BufferedAll, st.Turned = r.buffer.waiting, r.buffer.total, r.buffer.refused
	r.buffer.mu.Unlock()
	for _, s := range v.any {
		s.mu.Lock()
		ss := ServerStat{
			Shard: s.shard.Name, Instance: s.shard.Primary.Address,
			InFlight: flight[s.shard.Name], Orphans: len(s.orphans), LastErr: s.lastErr, LastErrAt: s.lastAt,
		}
		s.mu.Unlock()
		ss.Breaker, ss.Pool = s.breaker.State().String(), s.pool.stat()
		st.Servers = append(st.Servers, ss)
	}
	return st
}

// Stat takes a snapshot of the router beneath.
func (p *Repository) Stat() Stat { return p.r.Stat() }
