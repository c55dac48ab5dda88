package main

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/berthdb/berth/shard/move"
)

// moveFlags are what the commands that start a job can be told of how it is to
// run, and of who is to run it.
type moveFlags struct {
	options            move.Options
	targetFree         int // GiB
	foreground, detach bool
}

// tuningFlags are those that a job can still be told when it is resumed.
func tuningFlags(f *pflag.FlagSet, o *move.Options) {
	f.IntVar(&o.Rate, "rate", 0, "the most `ROWS` a second that copying and cleaning write (default: what the servers bear)")
	f.IntVar(&o.Workers, "workers", 0, "`NUMBER` of chunks that are copied side by side (default 4)")
	f.BoolVar(&o.Kill, "kill-transactions", false, "end transactions that are still open when --drain is over, instead of trying again later")
	f.DurationVar(&o.Drain, "drain", 0, "how long an attempt of the cutover waits for open transactions of the members that move (default 1s)")
	f.IntVar(&o.Attempts, "attempts", 0, "how often the cutover is tried before the job fails (default 20)")
	f.DurationVar(&o.CompleteAfter, "complete-after", 0, "complete the job by itself, that long after the cutover (default: never)")
	f.DurationVar(&o.MaxLag, "max-lag", 0, "replica lag above which copying waits (default 10s)")
	f.IntVar(&o.MaxThreads, "max-threads", 0, "`NUMBER` of running threads on a primary above which copying waits (default 64)")
}

// checkTuning refuses what can't be meant.
func checkTuning(o move.Options) error {
	for _, n := range []struct {
		flag  string
		value int
	}{{"rate", o.Rate}, {"workers", o.Workers}, {"attempts", o.Attempts}, {"max-threads", o.MaxThreads}} {
		if n.value < 0 {
			return misuse("--%s %d: write 1 or more, or leave it out", n.flag, n.value)
		}
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{{"drain", o.Drain}, {"complete-after", o.CompleteAfter}, {"max-lag", o.MaxLag}} {
		if d.value < 0 {
			return misuse("--%s %s: write a time such as 5s, or leave it out", d.flag, d.value)
		}
	}
	return nil
}

// changedTuning gives what was said of a job's options in the words of flags,
// and leaves the rest of them as they are.
func changedTuning(f *pflag.FlagSet, said move.Options) func(*move.Job) {
	return func(j *move.Job) {
		o := &j.Options
		for flag, set := range map[string]func(){
			"rate":              func() { o.Rate = said.Rate },
			"workers":           func() { o.Workers = said.Workers },
			"kill-transactions": func() { o.Kill = said.Kill },
			"drain":             func() { o.Drain = said.Drain },
			"attempts":          func() { o.Attempts = said.Attempts },
			"complete-after":    func() { o.CompleteAfter = said.CompleteAfter },
			"max-lag":           func() { o.MaxLag = said.MaxLag },
			"max-threads":       func() { o.MaxThreads = said.MaxThreads },
		} {
			if f.Changed(flag) {
				set()
			}
		}
	}
}

// runFlags are those of who runs the job.
func (o *moveFlags) runFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.foreground, "foreground", false, "run the job in this command (the default when no worker takes it up)")
	f.BoolVar(&o.detach, "detach", false, "leave it to a worker, and don't watch it")
}

// check refuses what can't be meant.
func (o *moveFlags) check() error {
	if o.foreground && o.detach {
		return misuse("--foreground and --detach: the job is run here, or left to a worker")
	}
	if o.targetFree < 0 {
		return misuse("--target-free %d: write 1 or more, or leave it out", o.targetFree)
	}
	return checkTuning(o.options)
}

// startFlags are all that a command has which starts a job.
func (a *app) startFlags(cmd *cobra.Command, o *moveFlags) {
	tuningFlags(cmd.Flags(), &o.options)
	cmd.Flags().BoolVar(&o.options.Hold, "hold", false, `stop when all is ready for the cutover; "berth job resume" then goes on`)
	cmd.Flags().IntVar(&o.targetFree, "target-free", 0, "free disk on the target in `GIB`, which the plan is checked against (default: seen where the target is this machine)")
	o.runFlags(cmd)
	a.dryRunFlag(cmd)
}

// targetFlag is the shard that something is to move to.
func (a *app) targetFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "to", "", "`SHARD` that it is to move to")
	completeBy(cmd, "to", a.fromMap(anyPlace, shardNames))
}
