package main

import (
	"context"
	"fmt"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// proposal is what rebalance proposes, as scripts see it.
type proposal struct {
	Epoch  uint64         `json:"epoch"`
	Shards []shardLoad    `json:"shards"`
	Moves  []proposedMove `json:"moves"`
	Left   int            `json:"left_out"` // moves, by --max-moves
}

// shardLoad is what a shard holds before and after the moves.
type shardLoad struct {
	Name     string  `json:"name"`
	Weight   int     `json:"weight"`
	Draining bool    `json:"draining"`
	Fair     float64 `json:"fair_share"` // of all bytes, 0 to 1
	Before   uint64  `json:"bytes_before"`
	After    uint64  `json:"bytes_after"`
}

// proposedMove is one move, and what it takes. A move of what another one has
// to leave first can't be planned yet, so its times are zero.
type proposedMove struct {
	shard.ProposedMove
	Command     string   `json:"command"`
	CopySeconds float64  `json:"copy_s"`
	PauseMs     float64  `json:"pause_ms"`
	Refusals    []string `json:"refusals,omitempty"`
}

// propose gathers what there is to say about the moves.
func (c *cluster) propose(ctx context.Context, m *shard.Map, sizes map[shard.Span]shard.Load, moves []shard.ProposedMove) (proposal, error) {
	p := proposal{Epoch: m.Epoch(), Shards: loadsOf(m, sizes, moves), Moves: []proposedMove{}}
	for _, proposed := range moves {
		one := proposedMove{ProposedMove: proposed, Command: commandOf(proposed)}
		if _, ok := m.Find(proposed.Of); ok {
			plan, err := move.MakePlan(ctx, c.mover(), requestOf(proposed))
			if err != nil {
				return p, fmt.Errorf("plan %q: %w", one.Command, err)
			}
			one.CopySeconds, one.PauseMs, one.Refusals = plan.CopySeconds, plan.PauseMs, plan.Refusals
		}
		p.Moves = append(p.Moves, one)
	}
	return p, nil
}

// loadsOf is what each shard holds before and after the moves.
func loadsOf(m *shard.Map, sizes map[shard.Span]shard.Load, moves []shard.ProposedMove) []shardLoad {
	before, after := map[string]uint64{}, map[string]uint64{}
	for _, e := range m.Entries() {
		before[e.Shard] += sizes[e.Span].Bytes
		after[e.Shard] += sizes[e.Span].Bytes
	}
	for _, p := range moves {
		after[p.From] -= min(p.Load.Bytes, after[p.From])
		after[p.To] += p.Load.Bytes
	}
	var loads []shardLoad
	weights := 0
	for s := range m.Shards() {
		l := shardLoad{Name: s.Name, Weight: max(s.Weight, 1), Draining: s.Draining, Before: before[s.Name], After: after[s.Name]}
		if !s.Draining {
			weights += l.Weight
		}
		loads = append(loads, l)
	}
	for i, l := range loads {
		if !l.Draining && weights > 0 {
			loads[i].Fair = float64(l.Weight) / float64(weights)
		}
	}
	return loads
}

// showProposal prints the shards before and after, and the moves.
func (a *app) showProposal(p proposal) error {
	if a.json() {
		return printJSON(a.out, p)
	}
	var total uint64
	for _, s := range p.Shards {
		total += s.Before
	}
	share := func(n uint64) string {
		if total == 0 {
			return "-"
		}
		return percent(float64(n) / float64(total))
	}
	var rows [][]any
	for _, s := range p.Shards {
		fair := percent(s.Fair)
		if s.Draining {
			fair = "draining"
		}
		rows = append(rows, []any{s.Name, s.Weight, fair, humanBytes(s.Before), share(s.Before), humanBytes(s.After), share(s.After)})
	}
	a.grid([]column{left("shard"), right("weight"), right("fair share"), right("now"), right(""), right("after"), right("")}, rows)
	if len(p.Moves) == 0 {
		fmt.Fprintln(a.out, "\nnothing to move: each shard has its share, as far as it can")
		return nil
	}
	fmt.Fprintln(a.out)
	rows = nil
	for i, one := range p.Moves {
		takes, pause := "-", "-"
		if one.CopySeconds > 0 {
			takes, pause = roughly(secondsOf(one.CopySeconds)), roughly(secondsOf(one.PauseMs/1000))
		}
		rows = append(rows, []any{i + 1, one.Command, one.From, one.Load.Rows, humanBytes(one.Load.Bytes), takes, pause})
	}
	a.grid([]column{right("#"), left("move"), left("from"), right("rows"), right("bytes"), right("takes"), right("pause")}, rows)
	for i, one := range p.Moves {
		for _, r := range one.Refusals {
			fmt.Fprintf(a.out, "move %d would be refused: %s\n", i+1, r)
		}
	}
	if p.Left > 0 {
		fmt.Fprintf(a.out, "%s more would follow (--max-moves)\n", count(p.Left, "move"))
	}
	return nil
}
