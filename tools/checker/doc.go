// Command checker proves or breaks what Berth promises, while data moves and
// things fail:
//
//	go run ./tools/checker run --for 10m --seed 7
//	go run ./tools/checker judge DIRECTORY         judge a history that was kept, once more
//
// It starts real MySQL servers, Consul, routers and workers of moves; the
// routers and the workers are processes of their own (this program again), so
// that they can be stopped and killed. Clients read, write, append and change in
// transactions, on members few enough that they meet; splits, moves, merges,
// pins, rollbacks go on in a loop; a fault strikes every few seconds, half of
// them where a worker stands at a failpoint.
//
// Every half minute the clients pause, and what they were told is judged:
// nothing lost, nothing twice, nothing stale. So are the servers: every row on
// one home. At the end every move has to come to its end, with nothing frozen
// and nothing left behind. When a promise is broken the run ends with 1 and the
// place of the history, with a picture of the search.
//
// The parts, each a package: history (what was asked and told), verdict (the
// judgement), workload (the clients), stage (the cluster), relay (connections
// that can be cut), control (orders to the processes), fault, motion.
//
// # Caveats
//
// A seed reproduces the choices: which members, which moves, which faults in
// which order. How they interleave is the machine's. A run that found nothing
// has proved nothing but that it found nothing, so the tests show, for each part
// of the protocol, that without it something is found.
package main
