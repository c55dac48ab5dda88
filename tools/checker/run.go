package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/tools/checker/stage"
)

// options are what a run was asked for.
type options struct {
	length      time.Duration
	roundLength time.Duration
	seed        uint64
	dir         string
	faults      bool
	motions     bool
	mostFault   time.Duration // that a fault lasts; 0: as it should
	routers     int
	clients     int
	members     int
	keep        bool // the histories, also when nothing is broken
	log         *slog.Logger
	// during is called in each round, beside the clients; nil: nothing is.
	during func(context.Context, *stage.Stage) error
}

func newRun(out io.Writer) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "run", Short: "Clients, moves and faults on a cluster of real servers, and the verdict", Args: cobra.NoArgs,
		Long: "Starts MySQL servers, Consul, routers and workers, has clients work through them while data moves\n" +
			"and things fail, and judges what the clients were told. Ends with 1, and the place of the history,\n" +
			"when a promise is broken.",
		Example: "  go run ./tools/checker run --for 4h --seed 7",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.seed == 0 {
				o.seed = rand.Uint64N(1_000_000)
			}
			if o.length <= 0 || o.roundLength <= 0 || o.routers < 1 || o.clients < 1 || o.members < 1 {
				return errors.New("--for, --round, --routers, --clients and --members have to be more than nothing")
			}
			if o.dir == "" {
				o.dir = filepath.Join(os.TempDir(), fmt.Sprintf("berth-checker-%d-%d", o.seed, os.Getpid()))
			}
			sc := newScenario(o, out)
			return sc.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.DurationVar(&o.length, "for", 10*time.Minute, "how long")
	f.DurationVar(&o.roundLength, "round", 30*time.Second, "after how long the clients pause, to be judged")
	f.Uint64Var(&o.seed, "seed", 0, "of all choices; 0: a new one, which is printed")
	f.StringVar(&o.dir, "dir", "", "where histories and logs go; empty: a temporary directory")
	f.BoolVar(&o.faults, "faults", true, "things fail")
	f.BoolVar(&o.motions, "motions", true, "data moves")
	f.IntVar(&o.routers, "routers", 3, "processes of clients and routers")
	f.IntVar(&o.clients, "clients", 8, "of each router")
	f.IntVar(&o.members, "members", 40, "that the clients share")
	f.BoolVar(&o.keep, "keep", false, "keep the histories of rounds that are fine")
	return cmd
}
