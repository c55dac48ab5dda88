package verdict

import (
	"slices"

	"github.com/berthdb/berth/tools/checker/history"
)

// direct applies the rules that need no search.
func (c *casebook) direct() {
	c.present()
	writers := make(map[int64]history.Op)
	for _, op := range c.ops {
		if !op.Kind.Reads() {
			writers[op.Value] = op
		}
	}
	c.state("the final state", c.final, writers, true)
	for _, op := range c.ops {
		if op.Missing {
			c.find(Missing, "%s found no row", name(op))
		}
		if op.Outcome != history.OK || op.State == nil {
			continue
		}
		c.state("what "+name(op)+" gave", *op.State, writers, op.Kind == history.Look)
		if op.Kind.Reads() {
			c.grows("list", op, op.State.List, c.final.List)
		}
		if op.Kind == history.Look {
			c.grows("log", op, op.State.Log, c.final.Log)
		}
	}
}

// present: what was acknowledged is there at the end.
func (c *casebook) present() {
	for _, op := range c.ops {
		if op.Outcome != history.OK {
			continue
		}
		if op.Kind == history.Append && !slices.Contains(c.final.List, op.Value) ||
			op.Kind == history.Change && !slices.Contains(c.final.Log, op.Value) {
			c.find(Lost, "%s was acknowledged and is not in the final state", name(op))
		}
	}
}

// state looks at one state that was seen, all of it or without the log.
func (c *casebook) state(where string, s history.State, writers map[int64]history.Op, whole bool) {
	c.values(where, "list", s.List, writers, history.Append)
	c.values(where, "log", s.Log, writers, history.Change)
	if s.Register != 0 {
		c.wrote(where, "register", s.Register, writers, history.Write, history.Change)
	}
	if whole && int(s.Length) != len(s.Log) {
		c.find(Counter, "%s counts %d entries of the log and has %d", where, s.Length, len(s.Log))
	}
}

func (c *casebook) values(where, what string, values []int64, writers map[int64]history.Op, kind history.Kind) {
	seen := make(map[int64]bool, len(values))
	for _, v := range values {
		if seen[v] {
			c.find(Twice, "%s has %d twice in its %s", where, v, what)
		}
		seen[v] = true
		c.wrote(where, what, v, writers, kind)
	}
}

// wrote: somebody wrote the value there, and was not told that he did not.
func (c *casebook) wrote(where, what string, v int64, writers map[int64]history.Op, kinds ...history.Kind) {
	op, ok := writers[v]
	switch {
	case !ok || !slices.Contains(kinds, op.Kind):
		c.find(Ghost, "%s has %d in its %s, which nobody wrote there", where, v, what)
	case op.Outcome == history.Failed:
		c.find(Ghost, "%s has %d in its %s, though %s was told that it did not take effect", where, v, what, name(op))
	}
}

// grows: a list that was read is how the final one begins.
func (c *casebook) grows(what string, op history.Op, got, final []int64) {
	for i, v := range got {
		if i >= len(final) || final[i] != v {
			c.find(Order, "%s gave a %s whose place %d is %d; the final one has %v there", name(op), what, i, v, at(final, i))
			return
		}
	}
}

func at(list []int64, i int) any {
	if i >= len(list) {
		return "nothing"
	}
	return list[i]
}
