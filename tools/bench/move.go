package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// moveOptions are what a run about moves was asked for.
type moveOptions struct {
	rows, members int
	rate          int // transactions a second in the foreground
	rounds        int
	routers       int // that the foreground goes through
	workers       []int
	dump          bool // copy by mysqldump too
	relaxed       bool
	quiet         time.Duration // without a move, to compare with
	long          time.Duration // of transactions that are kept open for long
	scenarios     []string      // of cutovers
}

// rowsOfMember is how many rows a member has when nothing is said.
const rowsOfMember = 50

// of fills in what was not said, for the subject.
func (o moveOptions) of(s moveSubject) moveOptions {
	if o.rows == 0 {
		o.rows = s.rows
	}
	if o.members == 0 {
		o.members = max(1, o.rows/rowsOfMember)
	}
	if o.rounds == 0 {
		o.rounds = s.rounds
	}
	return o
}

func (o moveOptions) check() error {
	switch {
	case o.rows < 1 || o.members < 1 || o.members > o.rows:
		return fmt.Errorf("--rows %d --members %d: each member has a row at least", o.rows, o.members)
	case o.rounds < 1 || o.rate < 1 || o.routers < 1 || o.quiet <= 0 || o.long <= 0:
		return fmt.Errorf("--rounds %d --rate %d --routers %d --quiet %s --long %s: each has to be more than nothing", o.rounds, o.rate, o.routers, o.quiet, o.long)
	case len(o.workers) == 0:
		return errors.New("--workers: one number at least")
	}
	if _, err := o.chosen(); err != nil {
		return err
	}
	for _, n := range o.workers {
		if n < 1 {
			return fmt.Errorf("--workers %d: it is 1 at least", n)
		}
	}
	return nil
}

// moveSubject is one thing to measure about moves. Its defaults are those of
// the figures that are published.
type moveSubject struct {
	name, short  string
	rows, rounds int
	measure      func(context.Context, moveOptions) (section, error)
}

func moveSubjects() []moveSubject {
	return []moveSubject{
		{"copy", "The copy of a range against mysqldump and against LOAD DATA", 1_000_000, 5, measureMoveCopy},
		{"cutover", "What clients feel of cutovers, forth and back", 200_000, 20, measureMoveCutover},
		{"member", "A member of many rows moved out of a large shard", 1_000_000, 3, measureMoveMember},
		{"foreground", "What copying and verifying cost the clients", 1_000_000, 5, measureMoveForeground},
	}
}

// newMove is the command about moves.
func newMove(out io.Writer, o *options) *cobra.Command {
	var mo moveOptions
	bound := func(s moveSubject) subject {
		return subject{"move " + s.name, s.short, func(ctx context.Context, _ options) (section, error) {
			mo := mo.of(s)
			if err := mo.check(); err != nil {
				return nil, err
			}
			return s.measure(ctx, mo)
		}}
	}
	measure := func(scale string, chosen ...subject) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error {
			o := *o
			o.scale = scale
			return run(cmd.Context(), out, o, chosen)
		}
	}
	var all []subject
	move := &cobra.Command{Use: "move", Short: "What moves cost; all of it without a name", Args: cobra.NoArgs}
	for _, s := range moveSubjects() {
		all = append(all, bound(s))
		move.AddCommand(&cobra.Command{Use: s.name, Short: s.short, Args: cobra.NoArgs, RunE: measure(s.name, bound(s))})
	}
	move.RunE = measure("moves", all...)
	f := move.PersistentFlags()
	f.IntVar(&mo.rows, "rows", 0, "rows of the table; 0: 1,000,000, with cutover 200,000")
	f.IntVar(&mo.members, "members", 0, fmt.Sprintf("members that they belong to; 0: one for each %d rows", rowsOfMember))
	f.IntVar(&mo.rate, "rate", 300, "transactions a second in the foreground")
	f.IntVar(&mo.rounds, "rounds", 0, "how often each is measured; 0: copy and foreground 5, cutover 20, member 3")
	f.IntVar(&mo.routers, "routers", 4, "that the foreground goes through")
	f.IntSliceVar(&mo.workers, "workers", []int{1, 4}, "workers of the copiers by LOAD DATA")
	f.BoolVar(&mo.dump, "dump", true, "copy by mysqldump | mysql too")
	f.BoolVar(&mo.relaxed, "relaxed", false, "servers that don't flush at every commit")
	f.DurationVar(&mo.quiet, "quiet", 5*time.Second, "how long the foreground is measured before each move or cutover")
	f.DurationVar(&mo.long, "long", 5*time.Second, "how long the long transactions of the scenarios are open")
	f.StringSliceVar(&mo.scenarios, "scenarios", scenarioNames(), "of cutovers: what is kept open meanwhile")
	return move
}
