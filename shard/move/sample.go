package move

import (
	"context"
	"errors"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/rows"
)

// sampleMembers is how many members of a table one sample compares.
const sampleMembers = 20

// sample compares some members of each table again and again while the way
// back is open, until all have had their turn and then from the beginning. It
// looks for them on one server and then on the other, so that rows which only
// one of them has are found as well.
func (r *run) sample(ctx context.Context, t *tail) error {
	type place struct{ table, side int }
	at := map[place]shard.Member{}
	for side := 0; ; side = 1 - side {
		if err := pauseFor(ctx, r.worker.cfg.limits.sampleEvery); err != nil {
			return err
		}
		for i, table := range r.tables {
			p := place{i, side}
			list, next, err := r.members(ctx, []*server{t.source, t.target}[side], table, at[p])
			if err != nil {
				return err
			}
			if len(list) > sampleMembers {
				list, next = list[:sampleMembers], list[sampleMembers-1]
			}
			if err := r.compareQuietly(ctx, t, table, list); err != nil {
				return err
			}
			at[p] = next
		}
	}
}

// compareQuietly leaves members whose rows never stand still for the next time.
func (r *run) compareQuietly(ctx context.Context, t *tail, table rows.Table, list []shard.Member) error {
	if len(list) == 0 {
		return nil
	}
	err := r.compare(ctx, t, table, list)
	if errors.Is(err, errInFlight) {
		return nil
	}
	return err
}
