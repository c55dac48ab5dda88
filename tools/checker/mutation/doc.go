// Package mutation shows that the tests can fail: for each element of the
// cutover's protocol there is a test that passes, and that fails when the
// element is switched off.
//
// The build tag mutate compiles the elements so that the environment variable
// BERTH_MUTATION can switch one of them off. TestEachElementIsMissed builds the
// tests of this package so, and runs each element's own test with it off.
//
//	go test -tags mutate -c -o /tmp/mutate ./tools/checker/mutation
//	BERTH_MUTATION=hello /tmp/mutate -test.run TestHello      # fails
//
// The tests bring the moment about in which the element is what saves the data.
// A stand-in carries out the mover's part of the protocol to the letter.
//
// # Caveats
//
// Two elements may guard one thing, and then switching off one of them shows
// nothing. The gate's check after registering, and the check of the epoch when a
// connection is taken, are such a pair: they are one element here.
package mutation
