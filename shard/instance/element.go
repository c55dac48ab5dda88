package instance

// element is one part of the protocol of a cutover that the tests of
// tools/checker can switch off. Everywhere else off is false, and the compiler
// leaves nothing of it.
type element string

const (
	fenceRises element = "fence-rises" // a fence is never lowered
	gone       element = "gone"        // a session is ended when it is seen gone, not when KILL has answered
)
