package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Estimate is how much of a table belongs to a span.
type Estimate struct {
	Rows, Bytes uint64 // bytes with the indexes' share
	Members     uint64
}

// estimateTime is how long Estimate walks the members of a range; beyond it
// takes the rest to be like what it has seen.
const estimateTime = 3 * time.Second

// Estimate reckons with the server's statistics of the table, which may be off
// by tens of percent, and the share of the members that are in the span. Of a
// pin the rows are those that the index expects.
func (t Table) Estimate(ctx context.Context, db instance.DB, span shard.Span) (e Estimate, err error) {
	var all, bytes uint64
	err = db.QueryRowContext(ctx, "SELECT COALESCE(TABLE_ROWS, 0), COALESCE(DATA_LENGTH + INDEX_LENGTH, 0) FROM information_schema.TABLES"+
		" WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?", t.Name).Scan(&all, &bytes)
	if err != nil {
		return e, fmt.Errorf("estimate table %s: %w", t.Name, err)
	}
	perRow := float64(bytes) / float64(max(all, 1))
	if span.IsPin() {
		n, err := t.Expect(ctx, db, []shard.Member{span.Pin})
		if err != nil {
			return e, err
		}
		return Estimate{Rows: uint64(n), Bytes: uint64(float64(n) * perRow), Members: 1}, nil
	}
	inside, seen, whole, err := t.countMembers(ctx, db, span)
	if err != nil || seen == 0 {
		return e, err
	}
	share := float64(inside) / float64(seen)
	e.Members = inside
	if !whole {
		share = span.Range.Size()
		e.Members = uint64(float64(inside) * 2) // unknown; at least what was seen
	}
	e.Rows, e.Bytes = uint64(float64(all)*share), uint64(float64(bytes)*share)
	return e, nil
}

func (t Table) countMembers(ctx context.Context, db instance.DB, span shard.Span) (inside, seen uint64, whole bool, err error) {
	const page = 10_000
	for after, until := (shard.Member{}), time.Now().Add(estimateTime); ; {
		list, err := t.Members(ctx, db, after, page)
		if err != nil {
			return 0, 0, false, err
		}
		for _, m := range list {
			seen++
			if span.Covers(m) {
				inside++
			}
		}
		if len(list) < page {
			return inside, seen, true, nil
		}
		if time.Now().After(until) {
			return inside, seen, false, nil
		}
		after = list[len(list)-1]
	}
}

// ErrNoMiddle: a range can't be cut so that both parts have rows.
var ErrNoMiddle = errors.New("fewer than two members have rows in it")

// Middle is where to cut the range so that both parts have about as many rows,
// over all tables. It counts each member's rows by the member indexes. The cut
// has as few digits as keep it near the middle.
func Middle(ctx context.Context, db instance.DB, tables []Table, r shard.Range) (shard.KeyspaceID, error) {
	counts := map[shard.Member]uint64{}
	for _, t := range tables {
		if err := t.countRows(ctx, db, r, counts); err != nil {
			return 0, err
		}
	}
	type place struct {
		at   shard.KeyspaceID
		rows uint64
	}
	var places []place
	var total uint64
	for m, n := range counts {
		places = append(places, place{m.KeyspaceID(), n})
		total += n
	}
	if len(places) < 2 {
		return 0, ErrNoMiddle
	}
	slices.SortFunc(places, func(a, b place) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	// The cut before the place where the lower part comes nearest to half.
	best, below := 1, places[0].rows
	for i, sum := 1, places[0].rows; i < len(places); i++ {
		if distance(sum, total) < distance(below, total) {
			best, below = i, sum
		}
		sum += places[i].rows
	}
	// Any cut above the one before and up to this place parts the same rows.
	low, high := places[best-1].at, places[best].at
	for digits := 1; digits <= 16; digits++ {
		shift := 64 - 4*digits
		if at := high >> shift << shift; at > low && at > r.Start {
			return at, nil
		}
	}
	return high, nil
}

// distance of the lower part's rows from half of all.
func distance(sum, total uint64) uint64 {
	if 2*sum > total {
		return 2*sum - total
	}
	return total - 2*sum
}

func (t Table) countRows(ctx context.Context, db instance.DB, r shard.Range, counts map[shard.Member]uint64) (err error) {
	member := quoteName(t.Member)
	rows, err := db.QueryContext(ctx, "SELECT "+member+", COUNT(*) FROM "+t.name()+" FORCE INDEX ("+quoteName(t.MemberIndex)+") GROUP BY "+member)
	if err != nil {
		return fmt.Errorf("count the rows of the members of table %s: %w", t.Name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		var n uint64
		if err := rows.Scan(&text, &n); err != nil {
			return fmt.Errorf("count the rows of the members of table %s: %w", t.Name, err)
		}
		m, err := shard.ParseMember(text)
		if err != nil {
			return fmt.Errorf("count the rows of the members of table %s: %w", t.Name, err)
		}
		if r.Contains(m.KeyspaceID()) {
			counts[m] += n
		}
	}
	return rows.Err()
}
