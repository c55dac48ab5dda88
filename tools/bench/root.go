package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"time"

	"github.com/spf13/cobra"
)

// options are what a run was asked for.
type options struct {
	duration    time.Duration // of one turn
	rounds      int           // turns of each
	connections []int         // of the comparisons with the plain driver
	json        bool
	cpuProfile  string // a file; empty for none
	scale       string // how large the run is, for people; empty: rounds and turns
}

// subject is one thing to measure. What it returns is printed for people by
// its print method, and as JSON as it is.
type subject struct {
	name, short string
	measure     func(context.Context, options) (section, error)
}

type section interface{ print(w io.Writer) }

func subjects() []subject {
	return []subject{
		{"lookup", "The map's lookup with 4,096 ranges and 10,000 pins", measureLookup},
		{"router", "The repository and the driver against the plain MySQL driver", measureRouter},
		{"memory", "What members cost that were handled and are idle", measureMemory},
	}
}

func newRoot(out io.Writer) *cobra.Command {
	var o options
	all := func(chosen ...subject) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), out, o, chosen) }
	}
	root := &cobra.Command{
		Use: "bench", Short: "Measure Berth side by side with what it is compared with",
		Example:      "  go run ./tools/bench router --rounds 50 --duration 100ms",
		SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs,
		RunE: all(subjects()...),
	}
	f := root.PersistentFlags()
	f.DurationVar(&o.duration, "duration", 100*time.Millisecond, "how long one turn takes")
	f.IntVar(&o.rounds, "rounds", 50, "turns of each, of which the median counts")
	f.IntSliceVar(&o.connections, "connections", []int{1, 8, 32}, "how many at once, in the comparisons with the plain driver")
	f.BoolVar(&o.json, "json", false, "print one JSON document")
	f.StringVar(&o.cpuProfile, "cpuprofile", "", "write a CPU profile to `FILE`; its label \"through\" tells the ways apart")
	root.AddCommand(&cobra.Command{Use: "all", Short: "All of it but the moves", Args: cobra.NoArgs, RunE: all(subjects()...)})
	for _, s := range subjects() {
		root.AddCommand(&cobra.Command{Use: s.name, Short: s.short, Args: cobra.NoArgs, RunE: all(s)})
	}
	root.AddCommand(newMove(out, &o))
	return root
}

func (o options) check() error {
	if o.rounds < 1 || o.duration <= 0 {
		return fmt.Errorf("--rounds %d --duration %s: both have to be more than nothing", o.rounds, o.duration)
	}
	for _, n := range o.connections {
		if n < 1 {
			return fmt.Errorf("--connections %d: it is 1 at least", n)
		}
	}
	return nil
}

// run measures one subject after the other and prints each as it is done.
func run(ctx context.Context, out io.Writer, o options, chosen []subject) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	if o.cpuProfile != "" {
		stop, err := profile(o.cpuProfile)
		if err != nil {
			return err
		}
		defer stop()
	}
	r := newReport(o)
	if !o.json {
		r.print(out)
	}
	for _, s := range chosen {
		got, err := s.measure(ctx, o)
		if err != nil {
			return fmt.Errorf("measure %s: %w", s.name, err)
		}
		r.Results[s.name] = got
		if !o.json {
			fmt.Fprintln(out)
			got.print(out)
		}
	}
	if o.json {
		return r.json(out)
	}
	return nil
}

func profile(path string) (stop func(), err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("write the CPU profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, fmt.Errorf("write the CPU profile to %s: %w", path, err)
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}
