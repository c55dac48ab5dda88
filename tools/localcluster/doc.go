// Package localcluster starts the whole of what Berth runs on, on this
// machine: a MySQL server for each shard, replicas, and a store for the map. It
// serves tools/devcluster and the demo.
//
//	c, err := localcluster.Start(ctx, localcluster.Spec{Shards: 3, Store: "file"})
//	if err != nil {
//		return err
//	}
//	defer c.Close()                          // everything gone, data included
//	fmt.Println("berth", strings.Join(c.InitArgs(), " "))
//
// All of it lies in one directory:
//
//	berth.yaml       a configuration of berth that works at once
//	cluster.json     what runs: addresses, accounts, process ids
//	app.password     the two accounts' passwords, readable by their owner
//	root.password
//	s1/, s1-r1/ …    the servers: data, log
//	consul/ or map/  the store
//	cache/           the last map that a router of this cluster had
//
// No map is written: `berth init`, with the arguments of InitArgs, does that.
//
// # Lives
//
// A cluster ends with the program that started it, however that ends, unless
// Detach was called. A detached one is found again by its directory: Load
// reads cluster.json, and Recorded.Stop ends exactly the processes in it, each
// only if it still is what was written down. Start on the directory of a
// stopped cluster starts it again, with its data, on its ports.
//
// # Caveats
//
// cluster.json holds passwords and is readable by its owner only. Servers that
// root starts run as an unprivileged user, so a root's cluster cannot lie below
// a directory that is closed to others; Start says so.
package localcluster
