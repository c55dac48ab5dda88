// Command bench measures Berth side by side with what it is compared with, in
// one run:
//
//	go run ./tools/bench                        all of it
//	go run ./tools/bench lookup                 the map's lookup
//	go run ./tools/bench router                 the repository and the driver against the plain MySQL driver
//	go run ./tools/bench router --connections 8 --cpuprofile cpu.out
//	go run ./tools/bench memory                 what idle members cost
//
// It starts the server that it needs. What it compares takes short turns, one
// after the other and in each round in another order, so that a noisy machine is
// as noisy for all. A ratio is the median of the rounds' own ratios: its two
// sides were measured within a second of each other.
//
// Each subject has a file of its own, and a type that prints its result for
// people and is its JSON under --json.
//
// # Caveats
//
// The load generator, the server and whatever else runs share the machine, so
// absolute figures are for this machine at that moment. Latencies are resolved
// to a microsecond. The server is durable for neither side.
package main
