package rows

import (
	"context"
	"fmt"
	"strconv"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Delete removes rows of the members from the table in the session's database,
// at most limit of them, found by the member index. More reports whether there
// may be others. It neither begins nor commits.
func (t Table) Delete(ctx context.Context, db instance.DB, members []shard.Member, limit int) (n int64, more bool, err error) {
	where, some := t.ofMembers(members)
	if !some {
		return 0, false, nil
	}
	result, err := db.ExecContext(ctx, "DELETE /*+ INDEX("+t.name()+" "+quoteName(t.MemberIndex)+") */ FROM "+t.name()+
		" WHERE "+where+" LIMIT "+strconv.Itoa(limit))
	if err == nil {
		n, err = result.RowsAffected()
	}
	if err != nil {
		return 0, false, fmt.Errorf("delete rows of table %s: %w", t.Name, err)
	}
	return n, n >= int64(limit), nil
}
