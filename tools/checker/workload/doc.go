// Package workload is the clients of the checker: they work on the same few
// members through whatever routes to them, and record what they ask and are
// told.
//
//	load, err := workload.New(workload.Config{
//		Ways:    []workload.Way{workload.Through(repo), func(int64) workload.Database { return db }},
//		Clients: 8, Members: members, Seed: 7,
//	})
//	…
//	load.Run(ctx, round, writer)   // until ctx ends and the last answer is there
//
// Each client has some of the members, so that each member has several clients.
// It reads, writes, appends, and changes in explicit transactions that lock what
// they read; some transactions are rolled back on purpose, some stay open for a
// while, and some clients give up early, which leaves outcomes unknown.
//
// Every value is written once in a round, by one client, so that what is seen
// tells who wrote it.
//
// # Caveats
//
// The seed fixes what each client chooses, not how the clients interleave.
package workload
