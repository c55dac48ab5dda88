package rows

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Index is the column's place in the table, and so in a row image; -1: none.
func (t Table) Index(column string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return strings.EqualFold(c.Name, column) })
}

// KeyIndexes are the places of the primary key's columns.
func (t Table) KeyIndexes() []int {
	places := make([]int, len(t.PrimaryKey))
	for i, c := range t.PrimaryKey {
		places[i] = t.Index(c)
	}
	return places
}

// Expect is how many rows the members have, as the server's optimizer expects
// from a look into the index for each of them. FORCE INDEX would spare it the
// looks, and the server's own limit on them would have it reckon with averages
// for more than 200 members, among which one of very many rows is not seen.
func (t Table) Expect(ctx context.Context, db instance.DB, members []shard.Member) (n int64, err error) {
	values := make([]any, len(members))
	for i, m := range members {
		values[i] = t.MemberType().Value(m)
	}
	index := t.MemberIndex
	rows, err := db.QueryContext(ctx, "EXPLAIN FORMAT=TRADITIONAL SELECT /*+ SET_VAR(eq_range_index_dive_limit = 0) */ 1 FROM "+t.name()+" USE INDEX ("+quoteName(index)+") WHERE "+
		quoteName(t.Member)+" IN (?"+strings.Repeat(", ?", len(members)-1)+")", values...)
	if err != nil {
		return 0, fmt.Errorf("estimating rows of table %s: %w", t.Name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		var count sql.NullInt64
		fields := make([]any, len(names))
		for i, name := range names {
			fields[i] = new(any)
			if name == "rows" {
				fields[i] = &count
			}
		}
		if err := rows.Scan(fields...); err != nil {
			return 0, err
		}
		n += count.Int64
	}
	return n, rows.Err()
}
