package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

func newMapShow(a *app) *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use: "show", Short: "Print the map: ranges, pins, shards and tables",
		Long:              "Print the map: ranges, pins, shards and tables. With -o json it is the document as it is stored.",
		Example:           "  berth map show\n  berth map show --at 7",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := a.mapAt(cmd.Context(), at)
			if err != nil {
				return err
			}
			if a.json() {
				_, err := a.out.Write(m.Text())
				return err
			}
			a.showMap(m)
			return nil
		},
	}
	atFlag(cmd, &at)
	return cmd
}

// mapAt is the map of that epoch or time, the current one for neither.
func (a *app) mapAt(ctx context.Context, at string) (*shard.Map, error) {
	if at == "" {
		c, m, err := a.current(ctx)
		if err != nil {
			return nil, err
		}
		c.close()
		return m, nil
	}
	c, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	return c.past(ctx, at)
}

func (a *app) showMap(m *shard.Map) {
	c := m.Change()
	fmt.Fprintf(a.out, "epoch %d of %s, by %s: %s\n", m.Epoch(), moment(c.Time), c.Author, c.Action)
	if c.Reason != "" {
		fmt.Fprintf(a.out, "reason: %s\n", c.Reason)
	}
	fmt.Fprintf(a.out, "member ids: %s, in the column %s\n\n", m.Members().Type, m.Members().Column)
	var ranges, pins, shards, tables [][]any
	for _, e := range m.Entries() {
		state := "live"
		if e.Frozen != nil {
			state = "frozen, going to " + e.Frozen.To
		}
		if e.Span.IsPin() {
			pins = append(pins, []any{e.Span.Pin, e.Shard, state})
		} else {
			ranges = append(ranges, []any{e.Span, percent(e.Span.Range.Size()), e.Shard, state})
		}
	}
	for s := range m.Shards() {
		shards = append(shards, []any{s.Name, s.Primary.Address, s.Database, len(s.Replicas)})
	}
	for t := range m.Tables() {
		tables = append(tables, []any{t.Name, t.Kind, t.MemberColumn + t.Shard}) // never both
	}
	a.grid([]column{left("range"), right("keyspace"), left("shard"), left("state")}, ranges)
	if len(pins) > 0 {
		fmt.Fprintln(a.out)
		a.grid([]column{left("pinned member"), left("shard"), left("state")}, pins)
	}
	fmt.Fprintln(a.out)
	a.grid([]column{left("shard"), left("primary"), left("database"), right("replicas")}, shards)
	if len(tables) > 0 {
		fmt.Fprintln(a.out)
		a.grid([]column{left("table"), left("kind"), left("by or on")}, tables)
	}
}
