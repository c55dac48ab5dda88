// Package move moves a range of members, or one member, from one shard to
// another while both serve traffic.
//
//	cfg := move.Config{Store: store, Instance: account}
//	plan, err := move.MakePlan(ctx, cfg, move.Request{
//		Kind: move.KindMove, Range: upper, To: "s2", Author: "ann",
//	})
//	if err := plan.Refused(); err != nil {
//		return err // every reason, each with what to do
//	}
//	job, err := move.Start(ctx, cfg, plan)
//
//	w, err := move.NewWorker(cfg) // in any process that reaches store and servers
//	err = w.Run(ctx)              // takes up every job that nobody works on
//
//	jobs := move.NewJobs(store)
//	job, err = jobs.Get(ctx, job.ID)                             // phase, rate, lag, ETA
//	job, err = jobs.Ask(ctx, job.ID, move.WantRollback, nil)     // back, with what was written since
//	job, err = jobs.Ask(ctx, job.ID, move.WantComplete, nil)     // or: the old rows go
//
// The rows are copied in chunks while the source's binlog is read and applied,
// both servers are compared row for row, and the cutover makes only the
// members that move wait. After it a stream in the other direction keeps the
// old owner current, so that a rollback loses nothing, until the job is
// completed. DESIGN.md has the state machine, the invariants and what a crash
// leaves.
//
// # Caveats
//
// The worker's account needs the privileges that plans check, among them
// CONNECTION_ADMIN: at the cutover every session on the old owner that is not
// an acknowledged router's is ended and named in the job's notes.
//
// Reference and global tables do not move. A sharded table needs a primary key
// that holds the member column, and no unique key without it.
//
// Two shards' moves off one server may be cut over at the same moment; each
// ends the other's worker's sessions there, and both go on.
//
// The way back stays open only as long as the new owner keeps its binlog.
package move
