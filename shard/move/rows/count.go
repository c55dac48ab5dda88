package rows

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// MemberRows is how many rows a member has.
type MemberRows struct {
	Member shard.Member
	Rows   uint64
}

// countLimit is how many rows are counted one by one; a server goes through
// about a million of them in a second.
const countLimit = 1_000_000

// count goes through the members in their order with the number of their rows,
// until it has seen all, or limit rows or more. The server counts in the order
// of the member index, which is also the order that it answers in.
func (t Table) count(ctx context.Context, db instance.DB, limit uint64, each func(MemberRows)) (counted uint64, whole bool, err error) {
	const page = 1000
	for after := (shard.Member{}); ; {
		list, err := t.countPage(ctx, db, after, page)
		if err != nil {
			return 0, false, fmt.Errorf("count the rows of the members of table %s: %w", t.Name, err)
		}
		for _, m := range list {
			counted += m.Rows
			each(m)
		}
		switch {
		case len(list) < page:
			return counted, true, nil
		case counted >= limit:
			return counted, false, nil
		}
		after = list[len(list)-1].Member
	}
}

func (t Table) countPage(ctx context.Context, db instance.DB, after shard.Member, page int) ([]MemberRows, error) {
	member, where := quoteName(t.Member), ""
	if literal, ok := t.memberLiteral(after); ok && !after.IsZero() {
		where = " WHERE " + member + " > " + literal
	}
	rows, err := db.QueryContext(ctx, "SELECT "+member+",COUNT(*)"+t.fromIndex()+where+" GROUP BY "+member+" ORDER BY "+member+" LIMIT "+strconv.Itoa(page))
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err has told by then
	var list []MemberRows
	for rows.Next() {
		var id string
		var m MemberRows
		if err := rows.Scan(&id, &m.Rows); err != nil {
			return nil, err
		}
		if m.Member, err = t.MemberType().Parse(id); err != nil {
			return nil, fmt.Errorf("column %s has the value %q: %w; correct or delete these rows", t.Member, id, err)
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

// countOne is how many rows one member has; from limit on the number that the
// index expects, which is no count.
func (t Table) countOne(ctx context.Context, db instance.DB, m shard.Member, limit uint64) (n uint64, exact bool, err error) {
	where, ok := t.ofMembers([]shard.Member{m})
	if !ok {
		return 0, true, nil
	}
	err = db.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT 1"+t.fromIndex()+" WHERE "+where+" LIMIT "+strconv.FormatUint(limit, 10)+") AS found").Scan(&n)
	if err != nil {
		return 0, false, fmt.Errorf("count the rows of member %s in table %s: %w", m, t.Name, err)
	}
	if n < limit {
		return n, true, nil
	}
	expected, err := t.dive(ctx, db, where)
	if err != nil {
		return 0, false, fmt.Errorf("estimate the rows of member %s in table %s: %w", m, t.Name, err)
	}
	return max(n, expected), false, nil
}

// dive is how many rows the server expects after a look into the member index.
// The hint is USE INDEX because FORCE INDEX saves it that look: it would answer
// with the average over all members.
func (t Table) dive(ctx context.Context, db instance.DB, where string) (uint64, error) {
	var expected sql.NullFloat64
	into := make([]any, 12)
	for i := range into {
		into[i] = new(any)
	}
	into[9] = &expected // the column "rows"
	err := db.QueryRowContext(ctx, "EXPLAIN FORMAT=TRADITIONAL SELECT 1 FROM "+t.name()+" USE INDEX ("+quoteName(t.MemberIndex)+") WHERE "+where).Scan(into...)
	return uint64(expected.Float64), err
}

// statistics are what the server reckons a table to have.
type statistics struct {
	rows, bytes uint64 // bytes with the indexes
	members     uint64
}

// statistics asks for them as they are now: by default a server tells what it
// remembers from up to a day ago.
func (t Table) statistics(ctx context.Context, db instance.DB) (s statistics, err error) {
	if pool, ok := db.(interface {
		Conn(context.Context) (*sql.Conn, error)
	}); ok {
		conn, err := pool.Conn(ctx)
		if err != nil {
			return s, fmt.Errorf("read the statistics of table %s: %w", t.Name, err)
		}
		defer conn.Close() //nolint:errcheck // it only goes back to the pool
		db = conn
	}
	const expiry = "SET SESSION information_schema_stats_expiry = "
	if _, err = db.ExecContext(ctx, expiry+"0"); err == nil {
		err = db.QueryRowContext(ctx, "SELECT COALESCE(TABLE_ROWS, 0), COALESCE(DATA_LENGTH + INDEX_LENGTH, 0)"+
			" FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?", t.Name).Scan(&s.rows, &s.bytes)
	}
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT COALESCE(MAX(CARDINALITY), 0) FROM information_schema.STATISTICS"+
			" WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND INDEX_NAME = ? AND SEQ_IN_INDEX = 1", t.Name, t.MemberIndex).Scan(&s.members)
	}
	if err == nil {
		_, err = db.ExecContext(ctx, expiry+"DEFAULT")
	}
	if err != nil {
		return s, fmt.Errorf("read the statistics of table %s: %w", t.Name, err)
	}
	return s, nil
}
