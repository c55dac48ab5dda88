// Package stage is the cluster that the checker works on, every part of which
// can be struck: real MySQL servers that are durable, behind relays; a real
// Consul agent, which each router reaches through a relay of its own; routers,
// each a process with its clients; and workers, which run the moves, each a
// process too.
//
//	s, err := stage.Open(ctx, stage.Config{Dir: dir, Seed: 7})
//	if err != nil {
//		return err
//	}
//	defer s.Close()
//	err = s.Begin(ctx, 1)             // the clients of all routers begin round 1
//	…
//	s.Routers[0].Freeze()             // or Kill, Cut, …
//	…
//	err = s.End(ctx)                  // and end it
//
// The processes are this program again, as `checker client` and `checker
// worker`; they end when the one that started them does, however it does.
//
// # Caveats
//
// The map has the relays' addresses, so all that goes to a MySQL server goes
// through its relay, the moves included. Only the audit goes past it.
package stage
