package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

// initOptions are what "berth init" is told.
type initOptions struct {
	shards       []string // NAME=HOST:PORT/DATABASE
	memberColumn string
	memberType   string
	reference    []string
	columns      map[string]string
}

func newInit(a *app) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init --shard NAME=HOST:PORT/DATABASE ...",
		Short: "Make the first map, or adopt an existing database as the one shard",
		Long: `Make the first map: the keyspace dealt evenly over the shards in the order given,
and each server's database given to its shard. All servers are checked before
anything is written, and a database that is missing is created.

With one shard whose database has tables already, the database is adopted as it
is: nothing in it changes, and the plan lists which tables are taken for sharded,
reference and global, and which can't be sharded and why. Split it later. With
several shards, all databases must be empty.

An init that failed or was broken off can simply be run again.`,
		Example: `  berth init --shard a=10.0.0.1:3306/app --shard b=10.0.0.2:3306/app
  berth init --shard a=10.0.0.1:3306/app --member-column user_id --dry-run`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			shards, err := o.parse()
			if err != nil {
				return err
			}
			return a.init(cmd.Context(), o, shards)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.shards, "shard", nil, "a shard, `NAME=HOST:PORT/DATABASE`; give it once for each")
	f.StringVar(&o.memberColumn, "member-column", "member_id", "usual `NAME` of the member column")
	f.StringVar(&o.memberType, "member-type", "", "integer or string (default: integer, or as found on adoption)")
	f.StringSliceVar(&o.reference, "reference", nil, "`TABLE` that is a reference table, on adoption")
	f.StringToStringVar(&o.columns, "column", nil, "`TABLE=COLUMN`: a table's member column where it has another name, on adoption")
	complete(cmd, "member-type", string(shard.Integer), string(shard.String))
	a.dryRunFlag(cmd)
	return cmd
}

// parse reads the flags as far as they can be judged by themselves.
func (o *initOptions) parse() ([]shard.Shard, error) {
	if len(o.shards) == 0 {
		return nil, misuse("init: no shard is named; write --shard NAME=HOST:PORT/DATABASE, once for each")
	}
	if t := shard.MemberType(o.memberType); t != "" && t != shard.Integer && t != shard.String {
		return nil, misuse("--member-type %s: write integer or string", o.memberType)
	}
	if (len(o.reference) > 0 || len(o.columns) > 0) && len(o.shards) > 1 {
		return nil, misuse("--reference and --column are for the adoption of one database, and %d shards are named", len(o.shards))
	}
	var shards []shard.Shard
	seen := map[string]string{}
	for _, text := range o.shards {
		name, at, ok := strings.Cut(text, "=")
		if !ok {
			return nil, misuse("--shard %s: write NAME=HOST:PORT/DATABASE", text)
		}
		s, err := parseShard(name, at)
		if err != nil {
			return nil, misuse("--shard %s: %w", text, err)
		}
		for _, key := range []string{"the name " + s.Name, "the database " + at} {
			if other, ok := seen[key]; ok {
				return nil, misuse("--shard %s: %s has %s already", text, other, key)
			}
			seen[key] = "--shard " + text
		}
		shards = append(shards, s)
	}
	return shards, nil
}

// parseShard reads HOST:PORT/DATABASE.
func parseShard(name, at string) (shard.Shard, error) {
	address, database, ok := strings.Cut(at, "/")
	if !ok || database == "" || name == "" {
		return shard.Shard{}, errors.New("write NAME and HOST:PORT/DATABASE")
	}
	if err := shard.CheckAddress(address); err != nil {
		return shard.Shard{}, err
	}
	return shard.Shard{Name: name, Database: database, Primary: shard.Instance{Address: address}}, nil
}

// init checks, shows, asks, and then claims the servers and makes the map, in
// that order: the swap of the map is the one decision.
func (a *app) init(ctx context.Context, o initOptions, shards []shard.Shard) error {
	c, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	unlock, err := c.lockInit(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.refuseSecondMap(ctx); err != nil {
		return err
	}
	found, err := a.survey(ctx, c, shards)
	if err != nil {
		return err
	}
	cluster, err := c.clusterOf(found)
	if err != nil {
		return err
	}
	m, proposals, err := a.firstMap(o, found, cluster)
	if err != nil {
		return err
	}
	if ok, err := a.agree(ctx, firstPlan(c, m, found, proposals)); err != nil || !ok {
		return err
	}
	if err := c.claim(ctx, m, found); err != nil {
		return err
	}
	a.warnAccount(ctx, c, m)
	return a.changed(m)
}

// refuseSecondMap looks whether there is a map already.
func (c *cluster) refuseSecondMap(ctx context.Context) error {
	switch m, err := c.load(ctx); {
	case errors.Is(err, shard.ErrNoMap):
		return nil
	case err != nil:
		return err
	default:
		first := m.Change()
		if made, err := c.store.At(ctx, 1); err == nil {
			first = made.Change()
		}
		return advise(fmt.Errorf("%s has a map already: made by %s at %s, now of epoch %d", c.store, first.Author, moment(first.Time), m.Epoch()),
			`see it with "berth map show", or add a shard to it with "berth shard add"`)
	}
}

// clusterOf is the cluster id to use: a new one, or that of an earlier init
// which wrote identities and was broken off before it made the map.
func (c *cluster) clusterOf(found []*survey) (string, error) {
	left := ""
	for _, s := range found {
		if err := s.refuseLiving(c); err != nil {
			return "", err
		}
		switch {
		case s.identity.Cluster == "":
		case left == "":
			left = s.identity.Cluster
		case left != s.identity.Cluster:
			return "", advise(fmt.Errorf("the databases given belong to two clusters already, %s and %s", left, s.identity.Cluster), "use other databases")
		}
	}
	if left != "" {
		return left, nil
	}
	return uuid.NewString(), nil
}
