package rows

import (
	"context"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// EstimateWithin is Estimates for these spans with another number of rows that
// may be counted.
func (t Table) EstimateWithin(ctx context.Context, db instance.DB, spans []shard.Span, limit uint64) (map[shard.Span]Estimate, error) {
	return t.estimate(ctx, db, spans, limit)
}

// Weigh is what Middle goes by, with another number of rows that may be counted.
func Weigh(ctx context.Context, db instance.DB, tables []Table, r shard.Range, limit uint64, scaled bool) (map[shard.Member]float64, error) {
	return weigh(ctx, db, tables, r, limit, scaled)
}
