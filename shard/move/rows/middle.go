package rows

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// ErrNoMiddle: a range can't be cut so that both parts have rows.
var ErrNoMiddle = errors.New("fewer than two members have rows in it")

// nearMiddle is how far from the middle a cut may be to have fewer digits, as a
// part of all rows.
const nearMiddle = 0.02

// Middle is where to cut the range so that both parts have about as many rows,
// over all tables: within two percent of all rows, or as near as the members
// let it be, and with as few digits as that takes. It fails with ErrNoMiddle if
// not two members have rows.
//
// It counts the rows of the members, in each table up to a million or so, and
// takes the members beyond for like those before.
func Middle(ctx context.Context, db instance.DB, tables []Table, r shard.Range) (shard.KeyspaceID, error) {
	weights, err := weigh(ctx, db, tables, r, countLimit, true)
	if err != nil {
		return 0, err
	}
	at := map[shard.KeyspaceID]float64{}
	total := 0.0
	for m, w := range weights {
		at[m.KeyspaceID()] += w
		total += w
	}
	ids := slices.Sorted(maps.Keys(at))
	if len(ids) < 2 {
		return 0, fmt.Errorf("range %s: %w", r, ErrNoMiddle)
	}
	// A cut above one id and up to the next parts the members in the same way.
	// Of all ways those near enough are neighbours.
	off := make([]float64, len(ids)) // how far a cut right above the id before is from the middle
	below := 0.0
	for i, k := range ids[:len(ids)-1] {
		below += at[k]
		off[i+1] = max(below, total-below) - total/2
	}
	near := max(slices.Min(off[1:]), total*nearMiddle)
	first, last := len(ids), 0
	for i := 1; i < len(ids); i++ {
		if off[i] <= near {
			first, last = min(first, i), i
		}
	}
	return shard.Shortest(ids[first-1]+1, ids[last]), nil
}

// Heavy are the members of the range with the most rows over all tables, at
// most n, the heaviest first. It counts as Middle does, so that in a very large
// table it may miss some.
func Heavy(ctx context.Context, db instance.DB, tables []Table, r shard.Range, n int) ([]MemberRows, error) {
	weights, err := weigh(ctx, db, tables, r, countLimit, false)
	if err != nil {
		return nil, err
	}
	list := make([]MemberRows, 0, len(weights))
	for m, w := range weights {
		list = append(list, MemberRows{m, uint64(w)})
	}
	slices.SortFunc(list, func(x, y MemberRows) int {
		return cmp.Or(cmp.Compare(y.Rows, x.Rows), cmp.Compare(x.Member.String(), y.Member.String()))
	})
	return list[:min(n, len(list))], nil
}

// weigh counts the rows of the range's members over all tables. If scaled, the
// members counted of a table that is too large stand for the rest of it.
func weigh(ctx context.Context, db instance.DB, tables []Table, r shard.Range, limit uint64, scaled bool) (map[shard.Member]float64, error) {
	weights := map[shard.Member]float64{}
	for _, t := range tables {
		if t.Missing {
			continue
		}
		inside := map[shard.Member]float64{}
		counted, whole, err := t.count(ctx, db, limit, func(m MemberRows) {
			if r.Contains(m.Member.KeyspaceID()) {
				inside[m.Member] = float64(m.Rows)
			}
		})
		if err != nil {
			return nil, err
		}
		scale := 1.0
		if scaled && !whole {
			s, err := t.statistics(ctx, db)
			if err != nil {
				return nil, err
			}
			scale = max(1, float64(s.rows)/float64(counted))
		}
		for m, n := range inside {
			weights[m] += n * scale
		}
	}
	return weights, nil
}
