package router

import "github.com/google/uuid"

// element is one part of the protocol of a cutover. The tests of tools/checker
// build the router so that one of them can be switched off, and show that it is
// found. Everywhere else off is false, and the compiler leaves nothing of it.
type element string

const (
	incarnation  element = "incarnation"     // a new start has a new name
	drainedEpoch element = "drained-epoch"   // an acknowledgement is of one epoch
	hello        element = "hello"           // the fence is read on every new connection
	confirmedEnd element = "confirmed-end"   // the drain sees a session gone, and not only its socket
	openCounts   element = "open-counts"     // an open transaction is in flight
	readsWait    element = "reads-wait"      // so are reads
	atomicGate   element = "atomic-gate"     // in flight, and live by the map, in one step
	mapsForward  element = "maps-forward"    // no older map is installed
	abortOverdue element = "abort-by-others" // a freeze whose worker is gone is ended
	unknownStays element = "unknown-stays"   // an unknown outcome is not tried again
)

func newIncarnation(name string) string {
	if incarnation.off() {
		return name
	}
	return uuid.NewString()
}
