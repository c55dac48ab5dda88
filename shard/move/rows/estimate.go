package rows

import (
	"context"
	"slices"
	"sort"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Estimate is how much of a table belongs to a span.
type Estimate struct {
	Rows    uint64
	Bytes   uint64 // with the indexes; always an estimate
	Members uint64
	Exact   bool // Rows and Members are counted
}

// walkLimit is how many members are looked at to learn which share of a table
// is in a range.
const walkLimit = 100_000

// Estimate counts the span's rows where that takes about a second: those of a
// table, or of a pinned member, of up to a million. Of a larger table it takes
// the server's number of rows, which may be off by tens of percent, and the
// share of its members that are in the range: of the first hundred thousand,
// for where an id falls in the keyspace says nothing of its place in the order
// of ids.
//
// Bytes are those of the table's and its indexes' pages, half empty ones
// included, by the share of rows: about what the target will need, besides its
// binlog. What the target has free is not to be learned by SQL: a server tells
// the sizes of its files (information_schema.INNODB_TABLESPACES, SHOW BINARY
// LOGS) and what is free inside them (DATA_FREE, which only the same table can
// use again), and nothing of the disk below.
func (t Table) Estimate(ctx context.Context, db instance.DB, span shard.Span) (Estimate, error) {
	list, err := t.estimate(ctx, db, []shard.Span{span}, countLimit)
	return list[span], err
}

// Estimates gives what Estimate does for each of the map's entries on a shard,
// in one pass over the table.
func (t Table) Estimates(ctx context.Context, db instance.DB, m *shard.Map, on string) (map[shard.Span]Estimate, error) {
	var spans []shard.Span
	for _, e := range m.Entries() {
		if e.Shard == on {
			spans = append(spans, e.Span)
		}
	}
	return t.estimate(ctx, db, spans, countLimit)
}

func (t Table) estimate(ctx context.Context, db instance.DB, spans []shard.Span, limit uint64) (map[shard.Span]Estimate, error) {
	if len(spans) == 0 {
		return nil, nil
	}
	s, err := t.statistics(ctx, db)
	if err != nil {
		return nil, err
	}
	e := estimator{table: t, db: db, statistics: s, limit: limit, of: place(spans), found: map[shard.Span]Estimate{}}
	if len(spans) > 1 || !spans[0].IsPin() {
		err = e.ranges(ctx)
	}
	for _, span := range spans {
		if err == nil && span.IsPin() && !e.found[span].Exact {
			err = e.pin(ctx, span)
		}
	}
	if err != nil {
		return nil, err
	}
	all := e.counted
	if !e.whole {
		all = max(s.rows, e.counted)
	}
	for _, span := range spans { // also those without any row
		found := e.found[span]
		found.Exact = found.Exact || e.whole
		found.Bytes = uint64(float64(s.bytes) * float64(found.Rows) / float64(max(all, 1)))
		e.found[span] = found
	}
	return e.found, nil
}

type estimator struct {
	table Table
	db    instance.DB
	statistics
	limit   uint64
	of      func(shard.Member) (shard.Span, bool)
	found   map[shard.Span]Estimate
	counted uint64
	whole   bool // all rows were counted
}

// place finds the span that a member belongs to: its pin, else a range. False:
// to none of them.
func place(spans []shard.Span) func(shard.Member) (shard.Span, bool) {
	pins := map[shard.Member]bool{}
	var ranges []shard.Span
	for _, s := range spans {
		if s.IsPin() {
			pins[s.Pin] = true
		} else {
			ranges = append(ranges, s)
		}
	}
	slices.SortFunc(ranges, func(x, y shard.Span) int { return x.Range.Compare(y.Range) })
	return func(m shard.Member) (shard.Span, bool) {
		if pins[m] {
			return shard.Span{Pin: m}, true
		}
		k := m.KeyspaceID()
		after := sort.Search(len(ranges), func(i int) bool { return ranges[i].Range.Start > k })
		if after == 0 || !ranges[after-1].Range.Contains(k) {
			return shard.Span{}, false
		}
		return ranges[after-1], true
	}
}

// ranges counts all rows, or if that is too many reckons with the shares.
func (e *estimator) ranges(ctx context.Context) error {
	if e.rows < 2*e.limit { // the server's number may be twice what there is
		var err error
		e.counted, e.whole, err = e.table.count(ctx, e.db, e.limit, func(m MemberRows) {
			if s, ok := e.of(m.Member); ok {
				found := e.found[s]
				e.found[s] = Estimate{Rows: found.Rows + m.Rows, Members: found.Members + 1, Exact: true}
			}
		})
		if err != nil || e.whole {
			return err
		}
		clear(e.found)
	}
	seen := 0
	inside := map[shard.Span]uint64{}
	const page = 10_000
	for after, last := (shard.Member{}), false; !last && seen < walkLimit; {
		list, err := e.table.Members(ctx, e.db, after, page)
		if err != nil {
			return err
		}
		for _, m := range list {
			seen++
			if s, ok := e.of(m); ok {
				inside[s]++
			}
		}
		if last = len(list) < page; last {
			e.members = uint64(seen)
		} else {
			after = list[len(list)-1]
		}
	}
	for s, n := range inside {
		share := float64(n) / float64(seen)
		e.found[s] = Estimate{
			Rows:    uint64(float64(max(e.rows, e.counted)) * share),
			Members: uint64(float64(max(e.members, uint64(seen))) * share),
		}
	}
	return nil
}

func (e *estimator) pin(ctx context.Context, span shard.Span) error {
	n, exact, err := e.table.countOne(ctx, e.db, span.Pin, e.limit)
	found := Estimate{Rows: n, Exact: exact}
	if n > 0 {
		found.Members = 1
	}
	e.found[span] = found
	return err
}
