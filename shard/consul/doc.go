// Package consul is the shard.Store in Consul's key-value store: what Berth
// uses wherever routers run on more than one machine.
//
//	cfg, err := consul.Parse("consul://127.0.0.1:8500/berth")
//	if err != nil {
//		return err
//	}
//	cfg.TokenFile = "/etc/berth/consul.token"
//	store, err := consul.Open(cfg) // does not talk to Consul yet
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	err = store.Watch(ctx, func(e shard.Event) { … })
//
// The keys, below the prefix:
//
//	map               the map, as shard.Map.Encode writes it
//	history/EPOCH     the maps that it replaced, the epoch in 20 digits
//	routers/ID        a router, under a session of its own
//	locks/NAME        a held lock, under its holder's session
//	records/KIND/NAME a record, such as a job
//
// # The map
//
// Load reads through a quorum. Swap reads the same way, compares the digest,
// and writes by compare-and-swap of the key's index, so that of all who change
// one map exactly one wins. The map that is replaced goes into the history in
// the same transaction, or just before it when both are too large for one.
//
// When the answer to a write is lost, Swap finds out what became of it
// (settle.go): it changes the index under the write, if that is still possible,
// and then looks. Only when Consul can't be asked either is the outcome
// reported as unknown.
//
// Watch follows the key by blocking queries of 8 s with a limit of its own on
// top, so that an agent that hangs is noticed as well as one that is gone, and
// asks anew after an error with pauses from 0.1 s to 3 s.
//
// # Records
//
// A record is written by compare-and-swap of its key's index, which is its
// version. The key's flags are drawn anew for each writing: they give the key a
// new index even when its value stays the same, and tell, when an answer was
// lost, whose writing it is that is stored.
//
// # Sessions
//
// A router and a lock's holder have a session each, of the shortest TTL that
// Consul takes (10 s), without a health check: a session that ends with the
// node's health would end before its TTL. A router's registration makes the
// next session when Consul has lost one. Consul ends a dead process's session
// only after up to twice the TTL; a lock is free sooner, since its holder
// changes its value every 2 s and gives up after 8 s without, and a contender
// that has seen it unchanged for 10 s ends the session itself.
//
// # Caveats
//
// No lock makes anything safe: a holder may be paused between looking at Lost
// and acting. Everything that must happen once is decided by Swap.
//
// The token needs, for the prefix berth:
//
//	key_prefix "berth/" { policy = "write" }
//	session_prefix "" { policy = "write" }
//
// and for a router key_prefix "berth/" { policy = "read" } with write on
// "berth/routers/" at least. With write on the key "berth/map" and the prefixes
// "berth/history/" and "berth/locks/" too, a router can end a freeze whose
// worker died; without, the members wait until a worker does. The policy "list", where acl.enable_key_list_policy
// is set, is part of "write".
//
// An agent takes 200 connections from one address by default
// (limits.http_max_conns_per_client). A process with one Watch, one
// registration and a few jobs needs fewer than ten.
//
// RouterState.SeenAt is by the router's own clock: Consul keeps no times.
package consul
