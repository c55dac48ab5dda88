package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

func newMapHistory(a *app) *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use: "history", Short: "List the maps there were: who made which, when and why",
		Example:           "  berth map history\n  berth map history -n 5 -o json",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return misuse("-n %d: write how many of the newest to list; 0 means all", limit)
			}
			return a.history(cmd.Context(), limit)
		},
	}
	cmd.Flags().IntVarP(&limit, "limit", "n", 0, "list only that `MANY` of the newest; 0 means all")
	return cmd
}

func (a *app) history(ctx context.Context, limit int) error {
	c, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	bounded, cancel := context.WithTimeout(ctx, 3*storeLimit)
	defer cancel()
	epochs, err := c.store.History(bounded)
	if err != nil {
		return err
	}
	if len(epochs) == 0 {
		return shard.ErrNoMap
	}
	if limit > 0 && len(epochs) > limit {
		epochs = epochs[len(epochs)-limit:]
	}
	var rows [][]any
	for _, epoch := range epochs {
		m, err := c.store.At(bounded, epoch)
		if errors.Is(err, shard.ErrNoEpoch) {
			continue // trimmed since it was listed
		}
		if err != nil {
			return err
		}
		ch := m.Change()
		if a.json() {
			err := printLine(a.out, struct {
				Epoch  uint64    `json:"epoch"`
				Time   time.Time `json:"time"`
				Author string    `json:"author"`
				Action string    `json:"action"`
				Reason string    `json:"reason,omitempty"`
			}{m.Epoch(), ch.Time, ch.Author, ch.Action, ch.Reason})
			if err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []any{m.Epoch(), moment(ch.Time), ch.Author, ch.Action, ch.Reason})
	}
	if !a.json() {
		a.grid([]column{right("epoch"), left("time"), left("author"), left("action"), left("reason")}, rows)
	}
	return nil
}
