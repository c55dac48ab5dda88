package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/tools/localcluster"
)

func newUp(log *slog.Logger) *cobra.Command {
	spec := localcluster.Spec{Log: log}
	cmd := &cobra.Command{
		Use:   "up --dir DIR --shards N",
		Short: "Start a cluster, or start a stopped one again",
		Long: `Start a MySQL server for each shard, its replicas, and a store for the map, on
free loopback ports. Everything lies in DIR: berth.yaml, a configuration for
berth; cluster.json, what runs; the servers' data. The servers outlive this
command. In the directory of a stopped cluster, that one is started again with
its data and on its ports. No map is written: berth init does that.`,
		Example: "  go run ./tools/devcluster up --dir /tmp/berth --shards 3 --store consul",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needDir(spec.Dir); err != nil {
				return err
			}
			c, err := localcluster.Start(cmd.Context(), spec)
			if err != nil {
				return err
			}
			if err := c.Detach(); err != nil {
				return err
			}
			return report(cmd.OutOrStdout(), c)
		},
	}
	dirFlag(cmd, &spec.Dir)
	cmd.Flags().IntVar(&spec.Shards, "shards", 1, "number of shards")
	cmd.Flags().IntVar(&spec.Replicas, "replicas", 0, "number of replicas of each shard")
	cmd.Flags().StringVar(&spec.Store, "store", localcluster.StoreFile, "where the map is kept: consul or file")
	cmd.Flags().IntVar(&spec.BufferPoolMB, "buffer-pool", 0, "buffer pool of each server in MiB (0: 128)")
	cmd.Flags().BoolVar(&spec.Relaxed, "relaxed", false, "do not flush each commit: quicker, and berth warns of it")
	return cmd
}

// report prints what runs and what to type next.
func report(w io.Writer, c *localcluster.Cluster) error {
	r := c.Record()
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SERVER\tADDRESS\tDATABASE\tPID")
	row := func(s localcluster.Server) {
		fmt.Fprintf(table, "%s\t%s:%d\t%s\t%d\n", s.Name, s.Host, s.Port, s.Database, s.PID)
	}
	for _, s := range r.Shards {
		row(s.Server)
		for _, replica := range s.Replicas {
			row(replica)
		}
	}
	if r.Consul != nil {
		fmt.Fprintf(table, "consul\t%s\t\t%d\n", r.Consul.Address, r.Consul.PID)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	next := "berth " + strings.Join(c.InitArgs(), " ")
	if c.Resumed() {
		next = "berth --config " + c.ConfigFile() + " map show"
	}
	_, err := fmt.Fprintf(w, "\nstore    %s\nconfig   %s\n\nnext:    %s\nto stop: go run ./tools/devcluster down --dir %s\n",
		r.Store, c.ConfigFile(), next, c.Dir())
	return err
}
