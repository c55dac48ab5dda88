package shard

import "fmt"

// CheckNext refuses a next map that may not follow m: a wrong epoch, another
// cluster, or a span whose owner changes without having been frozen for the
// new owner first. Every store checks it before it swaps.
//
// The states of a member's ownership, and the only steps between them:
//
//	live on A           -> live on A, or frozen from A to B
//	frozen from A to B  -> the same, live on A (abort), or live on B (switch)
//
// A frozen span keeps its borders and its members until it is live again: no
// member joins it by losing a pin, and it is not frozen in the same step as it
// is cut. What was copied before the freeze is what the freeze hands over.
func (m *Map) CheckNext(next *Map) error {
	if err := m.checkNext(next); err != nil {
		return fmt.Errorf("the map of epoch %d can't follow the one of epoch %d: %w", next.Epoch(), m.Epoch(), err)
	}
	return nil
}

func (m *Map) checkNext(next *Map) error {
	switch {
	case next.doc.Cluster != m.doc.Cluster:
		return fmt.Errorf("it is of cluster %s, not %s", next.doc.Cluster, m.doc.Cluster)
	case next.doc.Epoch != m.doc.Epoch+1:
		return fmt.Errorf("the next epoch is %d", m.doc.Epoch+1)
	case next.doc.Members.Type != m.doc.Members.Type:
		return fmt.Errorf("its members are of type %s, not %s", next.doc.Members.Type, m.doc.Members.Type)
	}
	for _, e := range m.Entries() {
		if e.Frozen == nil {
			continue
		}
		if _, ok := next.find(e.Span); !ok {
			return fmt.Errorf("%s is frozen, so its borders must stay", e.Span)
		}
	}
	// Between two borders of either map nothing changes: one look at each
	// piece's start is enough.
	for i, j := 0, 0; i < len(m.doc.Ranges) && j < len(next.doc.Ranges); {
		old, new := &m.doc.Ranges[i], &next.doc.Ranges[j]
		if err := checkStep(*old, *new); err != nil {
			return err
		}
		endOld, endNew := old.Span.Range.End-1, new.Span.Range.End-1 // 0 becomes the largest
		if endOld <= endNew {
			i++
		}
		if endNew <= endOld {
			j++
		}
	}
	for _, pins := range [][]Entry{m.doc.Pins, next.doc.Pins} {
		for _, e := range pins {
			old, new := m.Entry(m.Lookup(e.Span.Pin)), next.Entry(next.Lookup(e.Span.Pin))
			if err := checkStep(*old, *new); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkStep judges what one change does to the ownership of new's span, which
// lies in old's or holds it.
func checkStep(old, new Entry) error {
	switch {
	case old.Frozen == nil && new.Shard != old.Shard:
		return fmt.Errorf("%s goes from shard %s to %s without having been frozen", new.Span, old.Shard, new.Shard)
	case old.Frozen == nil && new.Frozen != nil && old.Span != new.Span:
		return fmt.Errorf("%s is frozen, and %s can't become a part of it meanwhile", new.Span, old.Span)
	case old.Frozen == nil:
		return nil
	case old.Span != new.Span:
		return fmt.Errorf("%s is frozen, so its borders must stay", old.Span)
	case new.Frozen == nil && new.Shard != old.Shard && new.Shard != old.Frozen.To:
		return fmt.Errorf("%s was frozen for shard %s and goes to %s", new.Span, old.Frozen.To, new.Shard)
	case new.Frozen != nil && (new.Shard != old.Shard || *new.Frozen != *old.Frozen):
		return fmt.Errorf("%s is frozen by attempt %s already", new.Span, old.Frozen.Attempt)
	}
	return nil
}
