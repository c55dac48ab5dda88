package router

import (
	"github.com/berthdb/berth/router/scope"
	"github.com/berthdb/berth/shard"
)

// view is a map with what routing by it needs. It never changes; an install
// publishes the next one.
type view struct {
	m       *shard.Map
	servers []*server          // primary of each entry of the map, by the entry's place
	byShard map[string]*server // primary of each shard
	any     []*server          // primaries in the order of the shards' names
	// frozen is, by the name of a shard of which a span is being handed over,
	// such a span's entry; attempts are those that froze any.
	frozen   map[string]*shard.Entry
	attempts map[string]bool
	// catalogue is the tables as the guard reads statements by.
	catalogue *scope.Catalogue
	// replaced is closed when a newer view has been published.
	replaced chan struct{}
}

// newView resolves each entry's owner to its server, taking over the servers
// that both maps have and opening the others. old is nil for the first.
func (r *Router) newView(m *shard.Map, old *view) (*view, error) {
	v := &view{
		m: m, byShard: map[string]*server{}, replaced: make(chan struct{}),
		frozen: map[string]*shard.Entry{}, attempts: map[string]bool{},
	}
	if old != nil {
		v.catalogue = old.catalogue
	}
	v.catalogue = v.catalogue.For(m)
	for s := range m.Shards() {
		sv, err := r.serverFor(m.Cluster(), s)
		if err != nil {
			return nil, err
		}
		v.byShard[s.Name] = sv
		v.any = append(v.any, sv)
	}
	v.servers = make([]*server, m.Len())
	for i, e := range m.Entries() {
		v.servers[i] = v.byShard[e.Shard]
		if e.Frozen != nil {
			v.frozen[e.Shard], v.attempts[e.Frozen.Attempt] = e, true
		}
	}
	return v, nil
}
