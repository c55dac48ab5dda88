// Package consulagent starts real Consul servers for tests, demos and
// development clusters.
//
//	agent, err := consulagent.Start(ctx, consulagent.Options{})
//	if err != nil {
//		return err
//	}
//	defer agent.Close()                       // killed, its directory removed
//	client, err := api.NewClient(&api.Config{Address: agent.Addr()})
//
// An agent is a server that keeps its data on disk, alone or one of a Cluster,
// on loopback addresses and free ports. It can be stopped, killed, frozen, and
// started again on the same ports, with its data or with its data lost.
//
// # Where the program comes from
//
// BERTH_CONSUL names one; else the consul on the PATH is taken; else the one in
// the cache. If there is none it is built from its Go module: the folder build
// beside this file is a module of its own that requires exactly one version,
// so that Consul's hundreds of dependencies, and their licences, are no part
// of Berth's. The first build takes minutes; the result stays in the cache.
//
// # Caveats
//
// The build needs the source tree: it is looked for from the working directory
// upward, then where this package was compiled.
//
// Consul refuses session TTLs below 10 seconds; a test that wants shorter ones
// says so in ExtraHCL: session_ttl_min = "1s". It also refuses more than 200
// connections from one address: limits { http_max_conns_per_client = 5000 }.
//
// What is left behind when the program dies: nothing, see package proc.
package consulagent
