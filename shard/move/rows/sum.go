package rows

import (
	"context"
	"database/sql"
	encoding "encoding/binary"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Sum stands for all rows of a member in a table. A and B are two halves of a
// checksum that the server makes of every bit of every column that is stored:
// equal sums on two servers mean equal rows. The zero Sum is that of no rows.
type Sum struct {
	Rows, A, B uint64
}

// atOnce is how many members one statement asks for: enough that parsing it
// costs nothing, few enough that an end of the context doesn't wait long.
const atOnce = 1000

// Sums asks the server for the sums of the members' rows. Members without rows
// are not among the answers, which reads as the zero Sum. Rows are read in the
// order of the member index and nothing is kept, so a million are no more
// trouble than ten.
//
// The statements don't lock, and depend on no setting of the session but the
// utf8mb4 that package instance gives it. Each
// thousand members are read in a snapshot of their own, unless a transaction
// with one is open.
func (t Table) Sums(ctx context.Context, db instance.DB, members []shard.Member) (map[shard.Member]Sum, error) {
	sums := make(map[shard.Member]Sum, len(members))
	query := "SELECT " + pinStatement + " " + quoteName(t.Member) + ",COUNT(*),BIT_XOR(" + t.hash() + ")" + t.fromIndex()
	for part := range slices.Chunk(members, atOnce) {
		where, ok := t.ofMembers(part)
		if !ok {
			continue
		}
		if err := t.sum(ctx, db, query+" WHERE "+where+" GROUP BY "+quoteName(t.Member), sums); err != nil {
			return nil, fmt.Errorf("sum up rows of table %s: %w", t.Name, err)
		}
	}
	return sums, nil
}

// fromIndex is the FROM clause that reads the table by its member index.
func (t Table) fromIndex() string {
	return " FROM " + t.name() + " FORCE INDEX (" + quoteName(t.MemberIndex) + ")"
}

func (t Table) sum(ctx context.Context, db instance.DB, query string, sums map[shard.Member]Sum) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err has told by then
	for rows.Next() {
		var id string
		var s Sum
		var sum sql.RawBytes
		if err := rows.Scan(&id, &s.Rows, &sum); err != nil {
			return err
		}
		m, err := t.MemberType().Parse(id)
		if err != nil {
			return fmt.Errorf("column %s has the value %q: %w; correct or delete these rows", t.Member, id, err)
		}
		if len(sum) >= 16 {
			s.A, s.B = encoding.BigEndian.Uint64(sum), encoding.BigEndian.Uint64(sum[8:])
		}
		if s.A == 0 && s.B == 0 { // as if all hashes were NULL
			return errors.New("the server gives no hashes of rows; the session's character_set_connection must be utf8mb4")
		}
		sums[m] = s
	}
	return rows.Err()
}

// Check compares the members' rows on two servers, both asked side by side,
// and gives the members whose rows agree and those whose rows differ, in their
// order. What it finds while rows change on both is worth nothing: see Recheck.
func (t Table) Check(ctx context.Context, a, b instance.DB, members []shard.Member) (agree, differ []shard.Member, err error) {
	sums, err := t.both(ctx, a, b, members)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range members {
		if sums[0][m] == sums[1][m] {
			agree = append(agree, m)
		} else {
			differ = append(differ, m)
		}
	}
	return agree, differ, nil
}

func (t Table) both(ctx context.Context, a, b instance.DB, members []shard.Member) (sums [2]map[shard.Member]Sum, err error) {
	group, ctx := errgroup.WithContext(ctx)
	for i, db := range []instance.DB{a, b} {
		group.Go(func() (err error) {
			sums[i], err = t.Sums(ctx, db, members)
			return err
		})
	}
	return sums, group.Wait()
}
