// Package community is a made-up product's data and traffic: members with
// contacts, conversations and messages, few of them very busy and most of them
// quiet, the same for the same seed.
//
//	c := community.New(community.Spec{Members: 2000, Seed: 1})
//	err := c.Load(ctx, repo, 8, nil)       // its rows, through a repository
//	traffic := c.Traffic(repo)
//	traffic.Run(ctx, 8)                    // live reads and writes, until ctx ends
//	stats := traffic.Take()                // what each shard did since the last Take
//
// The demo and the load generator run it. Its caveat is that it is made up:
// sizes follow Zipf's law, as those of real communities roughly do.
package community
