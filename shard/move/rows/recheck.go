package rows

import (
	"context"
	"fmt"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Verdict is what a Recheck knows of members.
type Verdict struct {
	Agree    []shard.Member // were equal at some moment
	Differ   []shard.Member // can't be explained by changes on their way
	InFlight []shard.Member // changed on the source all the while: ask again later
}

// Recheck compares members whose rows may be on their way from a to b. A row
// that is on its way is no difference, so it looks in this order:
//
//	a; then b, once it has applied what a had executed by then; then a again
//
// If both looks at a give the same, b had no right to be otherwise, for what
// stands on a now stood there before b was asked to catch up. Two things make
// one such round say no when all is well. A row is seen by others a moment
// before its transaction counts as executed, so that b may be asked to catch up
// with too little. And a row may have gone and come back between the looks at
// a. Hence two rounds: a member differs if a gave the same four times, and b
// each time something else.
//
// caughtUp returns when b has applied all that a has executed at the time of
// the call.
func (t Table) Recheck(ctx context.Context, a, b instance.DB, caughtUp func(context.Context) error, members []shard.Member) (Verdict, error) {
	r := &recheck{table: t, a: a, b: b, caughtUp: caughtUp}
	first, err := r.round(ctx, members)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Agree: first.Agree, InFlight: first.InFlight}
	if len(first.Differ) == 0 {
		return v, nil
	}
	before := r.source
	second, err := r.round(ctx, first.Differ)
	if err != nil {
		return Verdict{}, err
	}
	v.Agree, v.InFlight = append(v.Agree, second.Agree...), append(v.InFlight, second.InFlight...)
	for _, m := range second.Differ {
		if r.source[m] == before[m] {
			v.Differ = append(v.Differ, m)
		} else {
			v.InFlight = append(v.InFlight, m)
		}
	}
	return v, nil
}

type recheck struct {
	table    Table
	a, b     instance.DB
	caughtUp func(context.Context) error
	source   map[shard.Member]Sum // a's sums of the last round
}

// round looks once at a, b, and a.
func (r *recheck) round(ctx context.Context, members []shard.Member) (v Verdict, err error) {
	if r.source, err = r.table.Sums(ctx, r.a, members); err != nil {
		return v, err
	}
	if err := r.caughtUp(ctx); err != nil {
		return v, fmt.Errorf("wait for rows of table %s that are on their way: %w", r.table.Name, err)
	}
	target, err := r.table.Sums(ctx, r.b, members)
	if err != nil {
		return v, err
	}
	var differ []shard.Member
	for _, m := range members {
		if r.source[m] == target[m] {
			v.Agree = append(v.Agree, m)
		} else {
			differ = append(differ, m)
		}
	}
	again, err := r.table.Sums(ctx, r.a, differ)
	if err != nil {
		return v, err
	}
	for _, m := range differ {
		if again[m] == r.source[m] {
			v.Differ = append(v.Differ, m)
		} else {
			v.InFlight = append(v.InFlight, m)
		}
	}
	return v, nil
}
