package router

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/berthdb/berth/shard"
)

// Members streams the ids of the members that have rows in the table and whose
// home is the shard, in the column's order, reading as it goes in batches. A
// stream that is broken off goes on where it was: pass the last id that it
// gave as after; the zero id begins at the beginning. An error ends it.
//
// A member that moves meanwhile is given by the shard that owns it when its
// batch is read.
func (p *Repository) Members(ctx context.Context, shardName, table string, after shard.Member) iter.Seq2[shard.Member, error] {
	return func(yield func(shard.Member, error) bool) {
		t, ok := p.r.Map().Table(table)
		if !ok || t.Kind != shard.Sharded {
			yield(shard.Member{}, refused("table %q is no sharded table of the map", table))
			return
		}
		at := after // each range over the stream begins anew
		for {
			batch, err := p.memberBatch(ctx, shardName, t, at)
			if err != nil {
				yield(shard.Member{}, fmt.Errorf("list members of table %s on shard %s: %w", table, shardName, err))
				return
			}
			m := p.r.Map()
			for _, id := range batch {
				at = id
				if m.Entry(m.Lookup(id)).Shard == shardName && !yield(id, nil) {
					return
				}
			}
			if len(batch) < membersBatch {
				return
			}
		}
	}
}

// membersBatch is how many members one query lists: small enough for a short
// query, large enough that the round trips don't count.
const membersBatch = 1000

func (p *Repository) memberBatch(ctx context.Context, shardName string, t shard.Table, after shard.Member) ([]shard.Member, error) {
	column := quoteName(t.MemberColumn)
	where, args := "", []any{}
	if !after.IsZero() {
		where, args = " WHERE "+column+" > ?", []any{p.r.Map().Members().Type.Value(after)}
	}
	query := fmt.Sprintf("SELECT DISTINCT %s FROM %s%s ORDER BY %s LIMIT %d", column, quoteName(t.Name), where, column, membersBatch)
	rows, err := p.Shard(shardName).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var batch []shard.Member
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		id, err := shard.ParseMember(text)
		if err != nil {
			return nil, err
		}
		batch = append(batch, id)
	}
	return batch, rows.Err()
}

// quoteName writes an identifier.
func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
