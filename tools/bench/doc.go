// Command bench measures Berth side by side with what it is compared with, in
// one run:
//
//	go run ./tools/bench                        all of it but the moves
//	go run ./tools/bench lookup                 the map's lookup
//	go run ./tools/bench router                 the repository and the driver against the plain MySQL driver
//	go run ./tools/bench router --connections 8 --cpuprofile cpu.out
//	go run ./tools/bench memory                 what idle members cost
//	go run ./tools/bench move                   what moves cost, all four, which takes some twenty minutes
//	go run ./tools/bench move copy              the mover against mysqldump | mysql and against SELECT + LOAD DATA
//	go run ./tools/bench move cutover           what clients feel of cutovers, forth and back
//	go run ./tools/bench move member            a member of many rows moved out of a large shard
//	go run ./tools/bench move foreground        what copying and verifying cost the clients
//	go run ./tools/bench move copy --rows 20000 --rounds 1
//
// It starts the server that it needs. What it compares takes short turns, one
// after the other and in each round in another order, so that a noisy machine is
// as noisy for all. A ratio is the median of the rounds' own ratios: its two
// sides were measured within a second of each other.
//
// Each subject has a file of its own, and a type that prints its result for
// people and is its JSON under --json.
//
// # Moves
//
// Two servers, which flush at every commit unless --relaxed, and a real Consul.
// The foreground is transactions (select, update, insert, commit) that begin at
// a set rate, whether or not those before have been answered, and are never
// tried again; a wait counts from when a transaction was due. The pause of a
// cutover is the longest wait between asking for it and seeing it done, and has
// beside it the longest wait of as long a time just before, without one: what
// both have is the machine's.
//
// Copies take turns as above. Each fills an empty table, and its rows are
// counted. The mover's rate is that of its copying phase, by the job's own
// record. Its copy of a round is removed by TRUNCATE, which is no part of a
// move. The copiers by LOAD DATA keep nothing of what is written meanwhile and
// check nothing.
//
// # Caveats
//
// The load generator, the server and whatever else runs share the machine, so
// absolute figures are for this machine at that moment. Latencies are resolved
// to a microsecond. The server is durable for neither side, but for moves.
//
// The worker, the routers and their clients are one process. With 20 cutovers
// the p99 of the pause is the worst one. Seconds of the processor are read from
// /proc, and are 0 elsewhere.
package main
