package main

import (
	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

// homeDocument is a member's home as scripts see it.
type homeDocument struct {
	Member     string `json:"member"`
	KeyspaceID string `json:"keyspace_id"`
	Range      string `json:"range"`
	Shard      string `json:"shard"`
	Instance   string `json:"instance"`
	Pinned     bool   `json:"pinned"`
	Epoch      uint64 `json:"epoch"`
	FrozenTo   string `json:"frozen_to,omitempty"` // on the move to that shard
}

func newMapLookup(a *app) *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use: "lookup MEMBER...", Short: "Say where members live",
		Long: "Say where members live, by the map alone: whether a member has any data is not asked (see berth member count).\nWith -o json it prints one document a line.",
		Example: `  berth map lookup 42
  berth map lookup -o json 42 43
  berth map lookup --at 2026-01-31T12:00:00Z -- -7`,
		Args:              arguments(1, -1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := a.mapAt(cmd.Context(), at)
			if err != nil {
				return err
			}
			return a.showHomes(m, args)
		},
	}
	atFlag(cmd, &at)
	return cmd
}

// showHomes prints the homes of all members, or of none when one is malformed.
func (a *app) showHomes(m *shard.Map, ids []string) error {
	var homes []homeDocument
	for _, text := range ids {
		id, err := m.Members().Type.Parse(text)
		if err != nil {
			return usageError{err}
		}
		h, err := m.Home(id)
		if err != nil {
			return err
		}
		d := homeDocument{Member: id.String(), KeyspaceID: h.KeyspaceID.String(), Range: h.Range.String(), Shard: h.Shard.Name,
			Instance: h.Shard.Primary.Address, Pinned: h.Pinned, Epoch: h.Epoch}
		if h.Frozen != nil {
			d.FrozenTo = h.Frozen.To
		}
		homes = append(homes, d)
	}
	var rows [][]any
	for _, d := range homes {
		if a.json() {
			if err := printLine(a.out, d); err != nil {
				return err
			}
			continue
		}
		how := "by range"
		switch {
		case d.FrozenTo != "":
			how = "on the move to " + d.FrozenTo
		case d.Pinned:
			how = "pinned"
		}
		rows = append(rows, []any{d.Member, d.KeyspaceID, d.Range, d.Shard, d.Instance, how, d.Epoch})
	}
	if !a.json() {
		a.grid([]column{right("member"), left("keyspace id"), left("range"), left("shard"), left("instance"), left("how"), right("epoch")}, rows)
	}
	return nil
}
