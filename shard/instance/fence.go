package instance

import (
	"context"
	"errors"
	"fmt"

	"github.com/berthdb/berth/shard"
)

// FenceRow says that a router must have reached MinEpoch to use the server for
// the members of Span.
type FenceRow struct {
	Span     shard.Span
	MinEpoch uint64
}

// RaiseFence makes routers whose map is older than minEpoch unable to begin
// anything for the span on this server: their next hello shows them the row.
// It never lowers a fence, whoever comes late, and reads back what stands. It
// is durable when it returns, provided db is not a transaction and the
// server's flush settings are (Inspect). What is connected already is not
// stopped by it: see Kill.
func RaiseFence(ctx context.Context, db DB, span shard.Span, minEpoch uint64, by string) error {
	if minEpoch == 0 {
		return fmt.Errorf("raise the fence of %s: epoch 0 fences nobody", span)
	}
	value := "GREATEST(fence.min_epoch, new.min_epoch)"
	if fenceRises.off() {
		value = "new.min_epoch"
	}
	// Only a database with an identity has a fence: hello joins them.
	_, err := db.ExecContext(ctx, "INSERT INTO `_berth`.`fence` (database_name, span, min_epoch, updated_by)"+
		" SELECT * FROM (SELECT i.database_name, ? AS span, ? AS min_epoch, ? AS updated_by FROM `_berth`.`identity` AS i WHERE i.database_name = DATABASE()) AS new"+
		" ON DUPLICATE KEY UPDATE"+
		" updated_at = IF(new.min_epoch > fence.min_epoch, CURRENT_TIMESTAMP(6), fence.updated_at),"+
		" updated_by = IF(new.min_epoch > fence.min_epoch, new.updated_by, fence.updated_by),"+
		" min_epoch = "+value,
		span.String(), minEpoch, by)
	if err != nil {
		return fmt.Errorf("raise the fence of %s to epoch %d: %w", span, minEpoch, err)
	}
	rows, err := ReadFence(ctx, db)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Span == span && row.MinEpoch >= minEpoch {
			return nil
		}
	}
	return fmt.Errorf("raise the fence of %s to epoch %d: %w", span, minEpoch, ErrNoIdentity)
}

// ReadFence is all fence rows of the database, by span.
func ReadFence(ctx context.Context, db DB) (fence []FenceRow, err error) {
	rows, err := db.QueryContext(ctx, "SELECT span, min_epoch FROM `_berth`.`fence` WHERE database_name = DATABASE() ORDER BY span")
	if err != nil {
		return nil, fmt.Errorf("read the fence: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var f FenceRow
		var span string
		if err := rows.Scan(&span, &f.MinEpoch); err != nil {
			return nil, fmt.Errorf("read the fence: %w", err)
		}
		if f.Span, err = shard.ParseSpan(span); err != nil {
			return nil, fmt.Errorf("read the fence: %w", err)
		}
		fence = append(fence, f)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the fence: %w", err)
	}
	return fence, nil
}
