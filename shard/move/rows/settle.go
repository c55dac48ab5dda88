package rows

import (
	"context"
	"fmt"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// settlePasses is how often Settle reads a member's rows at most.
const settlePasses = 20

// Settle compares a member's rows one by one, for a member some of whose rows
// change whenever it is looked at. It reads all of them on both servers, then
// again until each row has been seen equal once. A row that stays as it is on
// a, and is something else on b each time, is a difference. Settled reports
// whether every row came out as equal or different.
func (t Table) Settle(ctx context.Context, a, b instance.DB, caughtUp func(context.Context) error, member shard.Member) (list []Difference, settled bool, err error) {
	type doubt struct {
		hash [32]byte // on a; zero: no such row there
		same int      // passes in which it was that
	}
	var doubts map[string]doubt
	for range settlePasses {
		if err := caughtUp(ctx); err != nil {
			return nil, false, fmt.Errorf("wait for rows of table %s that are on their way: %w", t.Name, err)
		}
		onA, onB, err := t.unmatched(ctx, a, b, member)
		if err != nil {
			return nil, false, err
		}
		if doubts == nil {
			doubts = map[string]doubt{}
			for k := range onB {
				doubts[k] = doubt{}
			}
			for k, hash := range onA {
				doubts[k] = doubt{hash: hash}
			}
		}
		differ := false
		for k, d := range doubts {
			_, there := onB[k]
			hash, here := onA[k]
			switch {
			case !here && !there:
				delete(doubts, k)
			case hash == d.hash:
				d.same++
				differ = differ || d.same > 3
				doubts[k] = d
			default:
				doubts[k] = doubt{hash: hash}
			}
		}
		if len(doubts) == 0 {
			return nil, true, nil
		}
		if differ {
			list, err = t.Differ(ctx, a, b, member)
			return list, err == nil, err
		}
	}
	return nil, false, nil
}
