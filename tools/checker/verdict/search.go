package verdict

import (
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/berthdb/berth/tools/checker/history"
)

// brief is the limit of a search for what is known to be at fault: it only
// draws the picture.
const brief = 2 * time.Second

// search asks porcupine for an order of the operations that explains all.
func (c *casebook) search(limit time.Duration) {
	known := len(c.found) > 0
	if known && (limit == 0 || limit > brief) {
		limit = brief
	}
	result, info := porcupine.CheckOperationsVerbose(model(), c.operations(), limit)
	switch result {
	case porcupine.Ok:
		return
	case porcupine.Unknown:
		if known {
			c.found[0].info = &info
			return
		}
		c.find(Undecided, "no order of its %d operations was found, nor that there is none, in %v", len(c.ops), limit)
	case porcupine.Illegal:
		c.find(Illegal, "no order of its %d operations explains what their clients were told", len(c.ops))
	}
	c.found[len(c.found)-1].info = &info
}

// operations are those that count, and the final state as the last of them.
func (c *casebook) operations() []porcupine.Operation {
	seen := c.firstSeen()
	var list []porcupine.Operation
	last := int64(0)
	for _, op := range c.ops {
		last = max(last, op.Start)
		if op.End != history.Never {
			last = max(last, op.End)
		}
		in := asked{kind: op.Kind, value: op.Value}
		switch {
		case op.Outcome == history.Failed:
		case op.Outcome == history.OK:
			list = append(list, porcupine.Operation{ClientId: op.Client, Input: in, Call: op.Start, Output: answer(op.State), Return: op.End})
		case op.Kind.Reads():
		default:
			if end, ok := seen[op.Value]; ok {
				// Never before its call: what is seen earlier than it was
				// written is a fault that the search has to find.
				end = max(end, op.Start)
				list = append(list, porcupine.Operation{ClientId: op.Client, Input: in, Call: op.Start, Output: told{}, Return: end})
			}
		}
	}
	end := last + 1
	for i := range list {
		list[i].Return = min(list[i].Return, end)
	}
	final := asked{kind: history.Look}
	return append(list, porcupine.Operation{Input: final, Call: end + 1, Output: answer(&c.final), Return: end + 2})
}

// firstSeen is, for each value that anybody saw, when the first of them had it.
func (c *casebook) firstSeen() map[int64]int64 {
	seen := make(map[int64]int64)
	see := func(v, at int64) {
		if old, ok := seen[v]; !ok || at < old {
			seen[v] = at
		}
	}
	all := func(s history.State, at int64) {
		see(s.Register, at)
		for _, v := range slices.Concat(s.List, s.Log) {
			see(v, at)
		}
	}
	all(c.final, history.Never)
	for _, op := range c.ops {
		if op.Outcome == history.OK && op.State != nil {
			all(*op.State, op.End)
		}
	}
	return seen
}

func answer(s *history.State) told {
	if s == nil {
		return told{known: true}
	}
	return told{known: true, register: s.Register, length: s.Length, list: digestOf(s.List), log: digestOf(s.Log)}
}
