package move

// element is one part of the mover's protocol. A test build (tag mutate) can
// switch one of them off, and the tests show that it is found. Everywhere else
// off is false, and the compiler leaves nothing of it.
type element string

const (
	fenceFirst        element = "fence-first"        // sessions are listed after the fence was raised
	killSessions      element = "kill"               // who has not acknowledged is ended
	checkpointCompare element = "checkpoint-compare" // a transaction is of the newest worker, and the next of its lane
	originMark        element = "origin-mark"        // a stream skips what a mover wrote
	switchCAS         element = "switch-cas"         // the switch is of the very freeze that was made
	cleanGeneration   element = "clean-generation"   // rows are deleted under the job's generation
)
