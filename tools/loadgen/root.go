package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/configs"
	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/tools/community"
)

// options are what a run was asked for.
type options struct {
	config  string
	spec    community.Spec
	load    bool
	workers int
	seconds int
}

func newRoot(out, errs io.Writer) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "loadgen", Short: "Run a community's reads and writes against a cluster",
		Example:      "  go run ./tools/loadgen --config /tmp/cluster/berth.yaml --load --seconds 30",
		SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), out, errs, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.config, "config", "", "configuration `FILE` (default: as berth finds it)")
	f.IntVar(&o.spec.Members, "members", 2000, "`NUMBER` of members, with the ids from 1 on")
	f.Uint64Var(&o.spec.Seed, "seed", 1, "`SEED` of the community: the same seed makes the same one")
	f.Float64Var(&o.spec.Writes, "writes", 1./3, "`SHARE` of the traffic that writes, 0 to 1")
	f.BoolVar(&o.load, "load", false, "write the community's rows first")
	f.IntVar(&o.workers, "workers", 8, "how many reads and writes at once")
	f.IntVar(&o.seconds, "seconds", 10, "how many `SECONDS` of traffic; 0 for none")
	return cmd
}

func (o *options) check() error {
	switch {
	case o.spec.Members < 1, o.workers < 1, o.seconds < 0:
		return errors.New("--members and --workers are 1 at least, --seconds is 0 at least")
	case o.spec.Writes < 0, o.spec.Writes > 1:
		return fmt.Errorf("--writes %g: write a share between 0 and 1", o.spec.Writes)
	case o.spec.Writes == 0:
		o.spec.Writes = -1 // to the community, 0 says nothing
	}
	return nil
}

func run(ctx context.Context, out, errs io.Writer, o options) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	repo, done, err := open(ctx, o.config, errs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	c := community.New(o.spec)
	if o.load {
		begun := time.Now()
		if err := c.Load(ctx, repo, o.workers, nil); err != nil {
			return fmt.Errorf("load the community: %w", err)
		}
		fmt.Fprintf(out, "loaded %d rows of %d members in %.1f s\n", c.Rows(), c.Members(), time.Since(begun).Seconds())
	}
	if o.seconds == 0 {
		return nil
	}
	return drive(ctx, out, c.Traffic(repo), o.workers, time.Duration(o.seconds)*time.Second)
}

// open connects as the configuration says.
func open(ctx context.Context, file string, errs io.Writer) (*router.Repository, func() error, error) {
	path, err := configs.Find(file)
	if err != nil {
		return nil, nil, err
	}
	if path == "" {
		return nil, nil, errors.New("there is no configuration here; name one with --config")
	}
	cfg, err := configs.Load(path)
	if err != nil {
		return nil, nil, err
	}
	store, err := cfg.OpenStore(ctx)
	if err != nil {
		return nil, nil, err
	}
	r, err := router.Open(ctx, cfg.Router(store, cfg.Logger(errs)))
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	repo := router.NewRepository(r)
	return repo, func() error { return errors.Join(repo.Close(), r.Close(), store.Close()) }, nil
}
