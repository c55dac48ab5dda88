package mutation

// Variable names the element that is switched off, under the build tag Tag.
const (
	Variable = "BERTH_MUTATION"
	Tag      = "mutate"
)

// Element is a part of the protocol, and the test that misses it.
type Element struct {
	Name string
	Test string
	// Without is what happens when it is off.
	Without string
}

// Elements are those of the router, and those of the mover that only a router
// can miss. Those of the mover alone are in shard/move, TestEachElementIsMissed.
func Elements() []Element {
	return []Element{
		{"incarnation", "TestIncarnation", "a router's new process acknowledges for sessions of the old one"},
		{"drained-epoch", "TestDrainedEpoch", "an acknowledgement of an aborted attempt counts for the next"},
		{"hello", "TestHello", "a router that is behind writes to the old home on a new connection"},
		{"fence-rises", "TestFenceRises", "a late mover lowers the fence, and a router that is behind passes it"},
		{"confirmed-end", "TestConfirmedEnd", "a write lands on the old home after its router has acknowledged"},
		{"open-counts", "TestOpenCounts", "a transaction commits on the old home after its router has acknowledged"},
		{"reads-wait", "TestReadsWait", "a read is answered by the old home after a write on the new one"},
		{"atomic-gate", "TestAtomicGate", "a write lands on the old home after its router has acknowledged"},
		{"maps-forward", "TestMapsForward", "a router goes back to the old home"},
		{"abort-by-others", "TestAbortByOthers", "a span whose worker died stays frozen"},
		{"fence-first", "TestFenceFirst", "a session slips in between the list and the fence"},
		{"kill", "TestKill", "a write lands on the old home after the last position"},
		{"unknown-stays", "TestUnknownStays", "a write is applied twice"},
	}
}
