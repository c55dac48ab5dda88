package motion

import (
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// The map is kept from growing or shrinking out of what is interesting.
const (
	fewRanges  = 4
	manyRanges = 9
	manyPins   = 5
)

// choose is one motion that the map allows.
func (n *lane) choose(m *shard.Map) move.Request {
	var ranges, pins []shard.Entry
	for _, e := range m.Entries() {
		if e.Span.IsPin() {
			pins = append(pins, *e)
		} else {
			ranges = append(ranges, *e)
		}
	}
	r := move.Request{Author: "checker", Reason: "to see what happens"}
	// Half of them may end transactions that don't end in time.
	r.Options = move.Options{Kill: n.random.IntN(2) == 0, Drain: time.Duration(1+n.random.IntN(3)) * time.Second}
	switch dice := n.random.IntN(10); {
	case len(pins) > 0 && (dice < 2 || len(pins) > manyPins):
		r.Kind, r.Member = move.KindUnpin, pins[n.random.IntN(len(pins))].Span.Pin
		return r
	case dice < 4:
		r.Kind, r.Member = move.KindMove, shard.Int(n.Members[n.random.IntN(len(n.Members))])
		r.To = n.other(m, m.Entry(m.Lookup(r.Member)).Shard)
	case len(ranges) > fewRanges && (dice < 6 || len(ranges) > manyRanges):
		i := n.random.IntN(len(ranges) - 1)
		moves, stays := ranges[i], ranges[i+1]
		if n.random.IntN(2) == 0 {
			moves, stays = stays, moves
		}
		r.Kind, r.Range, r.With, r.To = move.KindMerge, moves.Span.Range, stays.Span.Range, stays.Shard
	case dice < 8:
		e := ranges[n.random.IntN(len(ranges))]
		r.Kind, r.Range, r.To = move.KindSplit, e.Span.Range, n.other(m, e.Shard)
	default:
		e := ranges[n.random.IntN(len(ranges))]
		r.Kind, r.Range, r.To = move.KindMove, e.Span.Range, n.other(m, e.Shard)
	}
	return r
}

// other is a shard that is not the named one.
func (n *lane) other(m *shard.Map, name string) string {
	var others []string
	for s := range m.Shards() {
		if s.Name != name {
			others = append(others, s.Name)
		}
	}
	return others[n.random.IntN(len(others))]
}

// ending is how a motion is to end.
type ending struct {
	name   string
	want   move.Want // what is asked when the job is reversible
	cancel bool      // it is cancelled on the way instead
	pause  bool      // it is paused on the way, and goes on
}

func (n *lane) ending() ending {
	switch dice := n.random.IntN(20); {
	case dice < 2:
		return ending{name: "cancelled", cancel: true, want: move.WantRollback} // should it come too late
	case dice < 4:
		return ending{name: "paused, resumed, and completed", pause: true, want: move.WantComplete}
	case dice < 11:
		return ending{name: "rolled back", want: move.WantRollback}
	}
	return ending{name: "completed", want: move.WantComplete}
}
