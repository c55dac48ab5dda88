package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

// shardDocument is a shard as scripts see it.
type shardDocument struct {
	Name     string           `json:"name"`
	Database string           `json:"database"`
	Primary  shard.Instance   `json:"primary"`
	Replicas []shard.Instance `json:"replicas"`
	Ranges   int              `json:"ranges"`
	Keyspace float64          `json:"keyspace"` // share of it, 0 to 1
	Pins     int              `json:"pins"`
	Weight   int              `json:"weight"`
	Draining bool             `json:"draining"`
}

func newShardList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the shards: what they own, and their servers",
		Example:           "  berth shard list",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, m, err := a.current(cmd.Context())
			if err != nil {
				return err
			}
			defer c.close()
			return a.listShards(m)
		},
	}
}

func (a *app) listShards(m *shard.Map) error {
	owns := ownership(m)
	var documents []shardDocument
	var rows [][]any
	for s := range m.Shards() {
		o := owns[s.Name]
		d := shardDocument{Name: s.Name, Database: s.Database, Primary: s.Primary, Replicas: append([]shard.Instance{}, s.Replicas...),
			Ranges: o.ranges, Keyspace: o.share, Pins: o.pins, Weight: max(s.Weight, 1), Draining: s.Draining}
		documents = append(documents, d)
		var replicas []string
		for _, r := range s.Replicas {
			replicas = append(replicas, r.Address)
		}
		if replicas == nil {
			replicas = []string{"none"}
		}
		state := "in use"
		switch {
		case s.Draining:
			state = "draining"
		case o.ranges+o.pins == 0:
			state = "owns nothing"
		}
		rows = append(rows, []any{d.Name, d.Ranges, percent(d.Keyspace), d.Pins, d.Weight, state, d.Primary.Address + "/" + d.Database, strings.Join(replicas, ", ")})
	}
	if a.json() {
		return printJSON(a.out, documents)
	}
	a.grid([]column{left("shard"), right("ranges"), right("keyspace"), right("pins"), right("weight"), left("state"), left("primary"), left("replicas")}, rows)
	return nil
}
