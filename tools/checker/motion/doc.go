// Package motion keeps the data moving: splits, moves, merges, pins and unpins,
// one after the other, each with an end that the seed chooses: completed, rolled
// back, cancelled, some of them paused on the way.
//
//	loop := &motion.Loop{Config: move.Config{Store: s.Store, Instance: s.Account()}, …}
//	loop.Run(ctx)                 // until ctx ends
//	problems := loop.Settle(ctx)  // then everything that was begun is brought to its end
//
// It asks as a DBA would, through plans and the job's record; workers elsewhere
// do the work, and may be dead for a while. What does not come to an end in its
// time, though nothing is broken any more, is a problem.
package motion
