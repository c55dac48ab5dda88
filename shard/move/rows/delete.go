package rows

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Delete removes rows of the members, at most limit of them, in the
// transaction that the caller has open. More reports whether there may be
// others. They are found by the member index, however many of the table's rows
// they are, and locked with the gaps between them unless the transaction reads
// what is committed (READ COMMITTED).
//
// The DELETE triggers of the table fire, and foreign keys that cascade do if
// the session checks them: see Problems.
func (t Table) Delete(ctx context.Context, db instance.DB, members []shard.Member, limit int) (n int64, more bool, err error) {
	// The hint is what FORCE INDEX is to SELECT. Too many members at once would
	// be more than the range optimizer has memory for, and it would scan.
	statement := "DELETE /*+ INDEX(" + t.name() + " " + quoteName(t.MemberIndex) + ") */ FROM " + t.name() + " WHERE "
	for part := range slices.Chunk(members, atOnce) {
		left := int64(limit) - n
		if left <= 0 {
			return n, true, nil
		}
		where, ok := t.ofMembers(part)
		if !ok {
			continue
		}
		result, err := db.ExecContext(ctx, statement+where+" LIMIT "+strconv.FormatInt(left, 10))
		if err != nil {
			return n, false, fmt.Errorf("delete rows of table %s: %w", t.Name, err)
		}
		removed, err := result.RowsAffected()
		if err != nil {
			return n, false, fmt.Errorf("delete rows of table %s: %w", t.Name, err)
		}
		n += removed
	}
	return n, n >= int64(limit), nil
}
