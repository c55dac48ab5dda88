package shard

import "fmt"

// Forward remembers the newest map that a watch has given and refuses older
// ones. A store's map can go back: it was restored from a backup, or deleted
// and put back by hand. The routers' fences would refuse what such a map
// says, so nobody must act on it. The zero Forward has seen no map.
type Forward struct{ newest *Map }

// Next takes the map that the store has now. It gives the same *Map as before
// when nothing changed. Errors wrap ErrWentBack: an older epoch, another map
// under the same epoch, or another cluster's map.
func (f *Forward) Next(m *Map) (*Map, error) {
	old := f.newest
	switch {
	case old == nil || m == old:
	case m.Cluster() != old.Cluster():
		return nil, fmt.Errorf("%w: it is of cluster %s and was of cluster %s; if the cluster was made anew on purpose, restart this process, else put the map back",
			ErrWentBack, m.Cluster(), old.Cluster())
	case m.Epoch() < old.Epoch():
		return nil, fmt.Errorf("%w: it has epoch %d and had epoch %d; if it was restored from a backup, put the newest map back (a router's cached map has it)",
			ErrWentBack, m.Epoch(), old.Epoch())
	case m.Epoch() > old.Epoch():
	case m.Digest() != old.Digest():
		return nil, fmt.Errorf("%w: it has another map under epoch %d than before; if it was restored from a backup, put the newest map back (a router's cached map has it)",
			ErrWentBack, m.Epoch())
	default:
		return old, nil
	}
	f.newest = m
	return m, nil
}
