package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

// timeForms are what people write for a time; without a zone it is UTC.
var timeForms = []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"}

func atFlag(cmd *cobra.Command, at *string) {
	cmd.Flags().StringVar(at, "at", "", "the map of an `EPOCH`, or of a time such as 2026-01-31T12:00:00Z (UTC without a zone)")
}

// past is the map of an epoch, or the one that was current at a time.
func (c *cluster) past(ctx context.Context, at string) (*shard.Map, error) {
	bounded, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	if epoch, err := strconv.ParseUint(at, 10, 64); err == nil {
		return c.store.At(bounded, epoch)
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, at); err == nil {
			return c.atTime(bounded, t)
		}
	}
	return nil, misuse("%q is neither an epoch nor a time; write 7 or 2026-01-31T12:00:00Z", at)
}

// atTime looks from the newest map back. Times are the clocks of those who
// made the changes, so they need not grow with the epochs; the epochs decide.
func (c *cluster) atTime(ctx context.Context, t time.Time) (*shard.Map, error) {
	epochs, err := c.store.History(ctx)
	if err != nil {
		return nil, err
	}
	var oldest *shard.Map
	for i := len(epochs) - 1; i >= 0; i-- {
		m, err := c.store.At(ctx, epochs[i])
		if errors.Is(err, shard.ErrNoEpoch) {
			break // trimmed since it was listed
		}
		if err != nil {
			return nil, err
		}
		if !m.Change().Time.After(t) {
			return m, nil
		}
		oldest = m
	}
	if oldest == nil {
		return nil, shard.ErrNoMap
	}
	return nil, fmt.Errorf("%w as that of %s: it begins with epoch %d of %s", shard.ErrNoEpoch, moment(t), oldest.Epoch(), moment(oldest.Change().Time))
}
