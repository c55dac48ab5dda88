package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/community"
	"github.com/berthdb/berth/tools/localcluster"
)

// demoOptions are the demo's own.
type demoOptions struct {
	members, seconds, shards int
	seed                     uint64
	dir                      string
	once                     bool
}

func newDemo(a *app) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use: "demo", Short: "Show the whole thing on this machine, live",
		Long: "Start real MySQL servers on this machine, one a shard, load a made-up community of members, run live\n" +
			"reads and writes, split a shard meanwhile, and leave it all running until Ctrl-C, which removes it. The map is kept in a\n" +
			"directory, or with --store consul in a Consul agent of the demo's own.\n\n" +
			"The first run on a machine fetches MySQL, unless one is installed.",
		Example:           "  berth demo\n  berth demo --store consul --members 10000 --seconds 20",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.IntVar(&o.members, "members", 2000, "`NUMBER` of members")
	f.IntVar(&o.shards, "shards", 3, "`NUMBER` of shards")
	f.IntVar(&o.seconds, "seconds", 8, "how many `SECONDS` of traffic to show")
	f.Uint64Var(&o.seed, "seed", 1, "`SEED` of the community: the same seed makes the same one")
	f.StringVar(&o.dir, "dir", "", "`DIRECTORY` for it, which must be empty (default: a temporary one)")
	f.BoolVar(&o.once, "once", false, "end after the show instead of waiting for Ctrl-C")
	return cmd
}

func (a *app) demo(ctx context.Context, o demoOptions) error {
	switch {
	case a.storeURL != "" && a.storeURL != localcluster.StoreFile && a.storeURL != localcluster.StoreConsul:
		return misuse("demo --store %s: the demo starts its own store; write --store file or --store consul", a.storeURL)
	case o.members < 1, o.shards < 1, o.seconds < 1:
		return misuse("demo: --members, --shards and --seconds are 1 at least")
	}
	if err := o.checkDir(); err != nil {
		return err
	}
	d := &demo{app: a, o: o, screen: newScreen(a), community: community.New(community.Spec{Members: o.members, Seed: o.seed})}
	fmt.Fprintln(a.out, a.paint(text.Bold, fmt.Sprintf("Berth demo: %s, %s, on this machine", count(o.shards, "shard"), count(o.members, "member")))+"\n")
	err := d.start(ctx)
	var left error // behind, by a cluster that did not go
	if err == nil {
		err = d.run(ctx)
		left = d.cluster.Close()
	}
	switch {
	case ctx.Err() == nil || o.once || left != nil:
		// With --once somebody waits for the end of the show, and has to know
		// that it did not come.
		return errors.Join(err, left)
	default: // Ctrl-C, the usual end
		fmt.Fprintln(a.out, "\nStopped, and removed.")
		return nil
	}
}

// checkDir refuses a directory with anything in it. A stopped cluster's could
// be started again, but the demo's tables are not to be among somebody's own.
func (o demoOptions) checkDir() error {
	if o.dir == "" {
		return nil
	}
	entries, err := os.ReadDir(o.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("demo --dir: %w", err)
	case len(entries) > 0:
		return misuse("demo --dir %s: it is not empty (there is %s); name an empty directory, or a new one", o.dir, entries[0].Name())
	}
	return nil
}

// run is the demo on the cluster, once that is there.
func (d *demo) run(ctx context.Context) error {
	if err := d.init(ctx); err != nil {
		return err
	}
	c, done, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := d.show(ctx); err != nil {
		return err
	}
	stop, err := d.worker(ctx, c)
	if err != nil {
		return err
	}
	defer stop()
	if err := d.split(ctx, move.NewJobs(c.store)); err != nil {
		return err
	}
	if d.o.once {
		return nil
	}
	d.invite()
	<-ctx.Done()
	return nil
}

// start starts the cluster, and says what it is.
func (d *demo) start(ctx context.Context) error {
	at := time.Now()
	stop := d.screen.progress(func() string {
		return fmt.Sprintf("servers   starting %s and the map's store, %s", count(d.o.shards, "MySQL server"), seconds(time.Since(at)))
	})
	c, err := localcluster.Start(ctx, localcluster.Spec{
		Dir: d.o.dir, Shards: d.o.shards, Store: d.storeURL, Log: slog.New(d.screen),
	})
	stop()
	if err != nil {
		return err
	}
	d.cluster = c
	var addresses []string
	for _, s := range c.Record().Shards {
		addresses = append(addresses, fmt.Sprintf("%s on %s:%d", s.Name, s.Host, s.Port))
	}
	d.step("servers", "MySQL %s: %s (%s)", c.Server(c.Record().Shards[0].Name).Version(), strings.Join(addresses, ", "), seconds(time.Since(at)))
	where := "in a directory"
	if c.Consul() != nil {
		where = "in Consul on " + c.Consul().Addr()
	}
	d.step("store", "the map is kept %s", where)
	return nil
}

// step prints one line of what was done.
func (a *app) step(what, format string, args ...any) {
	fmt.Fprintf(a.out, "%-9s %s\n", what, fmt.Sprintf(format, args...))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// demo is one run of it.
type demo struct {
	*app
	o         demoOptions
	screen    *screen
	community *community.Community
	cluster   *localcluster.Cluster
	repo      *router.Repository
	job       string // of the split, when it was made
}

// init makes the map, as `berth init` does, which prints its plan elsewhere.
func (d *demo) init(ctx context.Context) error {
	var said strings.Builder
	quiet := d.streams
	quiet.out, quiet.err = &said, &said
	if status := run(ctx, quiet, append(d.cluster.InitArgs(), "--yes", "--reason", "demo")); status != 0 {
		return fmt.Errorf("berth init failed:\n%s", said.String())
	}
	return nil
}

// open connects to the cluster, and makes the tables on every shard.
func (d *demo) open(ctx context.Context) (_ *cluster, done func(), err error) {
	reader := *d.app
	reader.configFile, reader.storeURL = d.cluster.ConfigFile(), ""
	c, m, err := reader.current(ctx)
	if err != nil {
		return nil, nil, err
	}
	tables := community.Tables()
	next, err := m.SetTables(shard.Change{Author: author(), Time: d.now(), Action: "table set", Reason: "demo"}, tables...)
	if err == nil {
		err = c.store.Swap(ctx, m, next)
	}
	if err != nil {
		c.close()
		return nil, nil, err
	}
	var ranges, names []string
	for _, e := range next.Entries() {
		ranges = append(ranges, fmt.Sprintf("%s on %s", e.Span, e.Shard))
	}
	for _, t := range tables {
		names = append(names, t.Name)
	}
	d.step("map", "%s", strings.Join(ranges, ", "))
	repo, closeRepo, err := c.repository(ctx)
	if err != nil {
		c.close()
		return nil, nil, err
	}
	d.repo = repo
	err = repo.Each(ctx, func(ctx context.Context, s router.Shard) error {
		for _, statement := range community.Schema() {
			if _, err := s.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	done = func() { closeRepo(); c.close() }
	if err != nil {
		done()
		return nil, nil, err
	}
	d.step("tables", "%s: each row at its member's home", strings.Join(names, ", "))
	return c, done, nil
}

// load writes the community's rows.
func (d *demo) load(ctx context.Context) error {
	var rows atomic.Int64
	total := d.community.Rows()
	at := time.Now()
	stop := d.screen.progress(func() string { return fmt.Sprintf("load      %d of %d rows", rows.Load(), total) })
	err := d.community.Load(ctx, d.repo, 16, &rows)
	stop()
	if err != nil {
		return fmt.Errorf("load the community: %w", err)
	}
	d.step("load", "%d rows of %s in %s; the busiest has %d, the one in the middle %d",
		total, count(d.o.members, "member"), seconds(time.Since(at)), d.community.RowsOf(d.community.Busiest()), d.community.Typical())
	return nil
}
