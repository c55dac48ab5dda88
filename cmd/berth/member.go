package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

func newMember(a *app) *cobra.Command {
	return group("member", "One member: where it lives and what it has", "",
		"  berth member locate 42\n  berth member count 42",
		newMemberLocate(a), newMemberCount(a))
}

func newMemberLocate(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "locate ID", Short: "Say where the member lives",
		Long:              "Say where the member lives, by the current map; the same as berth map lookup ID.",
		Example:           "  berth member locate 42 -o json",
		Args:              arguments(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, m, err := a.current(cmd.Context())
			if err != nil {
				return err
			}
			defer c.close()
			return a.showHomes(m, args)
		},
	}
}

func newMemberCount(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "count ID", Short: "Count the member's rows in each sharded table",
		Example:           "  berth member count 42",
		Args:              arguments(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.countMember(cmd.Context(), args[0])
		},
	}
}

// tableCount is the number of one member's rows in one table.
type tableCount struct {
	Table string `json:"table"`
	Rows  uint64 `json:"rows"`
}

func (a *app) countMember(ctx context.Context, text string) error {
	c, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	repo, done, err := c.repository(ctx)
	if err != nil {
		return err
	}
	defer done()
	m := repo.Router().Map()
	id, err := m.Members().Type.Parse(text)
	if err != nil {
		return usageError{err}
	}
	counts := []tableCount{}
	var failed []error
	for t := range m.Tables() {
		if t.Kind != shard.Sharded {
			continue
		}
		n := tableCount{Table: t.Name}
		query := "SELECT COUNT(*) FROM " + quoteName(t.Name) + " WHERE " + quoteName(t.MemberColumn) + " = ?"
		if err := repo.Member(id).QueryRowContext(ctx, query, m.Members().Type.Value(id)).Scan(&n.Rows); err != nil {
			failed = append(failed, fmt.Errorf("count rows of member %s in table %s: %w", id, t.Name, err))
			continue
		}
		counts = append(counts, n)
	}
	home, err := m.Home(id)
	if err != nil {
		return err
	}
	if a.json() {
		err = printJSON(a.out, struct {
			Member string       `json:"member"`
			Shard  string       `json:"shard"`
			Tables []tableCount `json:"tables"`
		}{id.String(), home.Shard.Name, counts})
	} else {
		var rows [][]any
		for _, n := range counts {
			rows = append(rows, []any{n.Table, n.Rows, home.Shard.Name})
		}
		a.grid([]column{left("table"), right("rows"), left("shard")}, rows)
	}
	return errors.Join(append(failed, err)...)
}
