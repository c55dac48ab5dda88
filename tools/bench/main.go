// Command bench measures Berth side by side with what it is compared with, in
// one run, in turns, so that a noisy machine is as noisy for all:
//
//	go run ./tools/bench                         all of it
//	go run ./tools/bench router --rounds 5       the repository and the driver against the plain MySQL driver
//	go run ./tools/bench lookup                  the map's lookup
//	go run ./tools/bench memory                  what idle members cost
//
// It starts the servers that it needs. Its figures are medians over the rounds
// and are for ratios: absolute ones depend on the machine, which the load
// generator and the server share.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := newRoot(os.Stdout).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	out      io.Writer
	duration time.Duration // of one measurement
	rounds   int
}

func newRoot(out io.Writer) *cobra.Command {
	b := &bench{out: out}
	root := &cobra.Command{
		Use: "bench", Short: "Measure Berth side by side with what it is compared with",
		SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs,
		Example: "  go run ./tools/bench router --rounds 5 --duration 2s",
		RunE:    b.run(b.lookup, b.router, b.memory),
	}
	root.PersistentFlags().DurationVar(&b.duration, "duration", time.Second, "of one measurement")
	root.PersistentFlags().IntVar(&b.rounds, "rounds", 5, "measurements of each, of which the median counts")
	for _, s := range []struct {
		name, short string
		fn          func(context.Context) error
	}{
		{"lookup", "The map's lookup: 4,096 ranges and 10,000 pins", b.lookup},
		{"router", "The repository and the driver against the plain MySQL driver", b.router},
		{"memory", "What idle members cost", b.memory},
	} {
		root.AddCommand(&cobra.Command{Use: s.name, Short: s.short, Args: cobra.NoArgs, RunE: b.run(s.fn)})
	}
	return root
}

// run prints what is measured, where and how, and then each subject.
func (b *bench) run(subjects ...func(context.Context) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		if b.rounds < 1 || b.duration <= 0 {
			return fmt.Errorf("--rounds and --duration are more than nothing")
		}
		fmt.Fprintf(b.out, "$ go run ./tools/bench %s\n%d cores, %s, %s, %d rounds of %s\n",
			strings.Join(os.Args[1:], " "), runtime.NumCPU(), runtime.Version(), time.Now().UTC().Format(time.DateOnly), b.rounds, b.duration)
		for _, subject := range subjects {
			if err := subject(cmd.Context()); err != nil {
				return err
			}
		}
		return nil
	}
}
