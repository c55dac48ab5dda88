package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/berthdb/berth/tools/checker/history"
)

// Judge looks at all objects of the operations. Finals are what the objects
// held when all clients had stopped. The search for one object takes at most
// limit; 0 is no limit.
func Judge(ops []history.Op, finals map[history.Object]history.State, limit time.Duration) []Finding {
	objects := make(map[history.Object][]history.Op)
	for _, op := range ops {
		objects[op.Object] = append(objects[op.Object], op)
	}
	order := make([]history.Object, 0, len(objects))
	for o := range objects {
		order = append(order, o)
	}
	slices.SortFunc(order, func(a, b history.Object) int {
		return cmp.Or(cmp.Compare(a.Round, b.Round), cmp.Compare(a.Member, b.Member))
	})
	var found []Finding
	for _, o := range order {
		final, ok := finals[o]
		if !ok {
			found = append(found, Finding{Object: o, Rule: Unfinished, Text: "its final state is not known"})
			continue
		}
		c := &casebook{object: o, ops: objects[o], final: final}
		c.direct()
		c.search(limit)
		found = append(found, c.found...)
	}
	return found
}

// casebook is the judgement of one object.
type casebook struct {
	object history.Object
	ops    []history.Op
	final  history.State
	found  []Finding
}

func (c *casebook) find(rule Rule, format string, args ...any) {
	c.found = append(c.found, Finding{Object: c.object, Rule: rule, Text: fmt.Sprintf(format, args...)})
}

// name is an operation for people.
func name(op history.Op) string {
	if op.Kind.Reads() {
		return fmt.Sprintf("%s by %s/%d", op.Kind, op.Process, op.Client)
	}
	return fmt.Sprintf("%s of %d by %s/%d", op.Kind, op.Value, op.Process, op.Client)
}
