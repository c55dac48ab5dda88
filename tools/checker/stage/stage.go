package stage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/checker/relay"
	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/mysqld"
)

// Stage is the cluster.
type Stage struct {
	Shards  []*Shard
	Consul  *consulagent.Agent
	Store   shard.Store // reached directly
	Routers []*Router
	Members []int64

	cfg     Config
	control *switchboard
	round   int64 // that is under way; 0: none

	mu      sync.Mutex
	workers int // that were ever started
}

// Shard is one shard's server.
type Shard struct {
	Name   string
	Server *mysqld.Server
	Relay  *relay.Relay // on the way to it
	Admin  *sql.DB      // past the relay
}

// database is the shards' database, on each server.
const database = "app"

// Open starts all but workers. Nothing is left of it after an error.
func Open(ctx context.Context, cfg Config) (_ *Stage, err error) {
	cfg, err = cfg.check()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, err
	}
	s := &Stage{cfg: cfg, Shards: make([]*Shard, cfg.Shards)}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("set the stage: %w", err), s.Close())
		}
	}()
	for i := range cfg.Members {
		s.Members = append(s.Members, int64(i+1))
	}
	if s.control, err = newSwitchboard(); err != nil {
		return nil, err
	}
	group, starting := errgroup.WithContext(ctx)
	for i := range s.Shards {
		group.Go(func() (err error) {
			s.Shards[i], err = startShard(starting, fmt.Sprintf("s%d", i+1), cfg)
			return err
		})
	}
	group.Go(func() (err error) {
		s.Consul, err = consulagent.Start(starting, consulagent.Options{Log: cfg.Log})
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if s.Store, err = consul.Open(consul.Config{Address: s.Consul.Addr(), Prefix: prefix, Log: cfg.Log}); err != nil {
		return nil, err
	}
	if err := s.firstMap(ctx); err != nil {
		return nil, err
	}
	return s, s.startRouters(ctx)
}

// prefix is of the keys in Consul.
const prefix = "berth"

// startRouters starts them side by side.
func (s *Stage) startRouters(ctx context.Context) error {
	for i := range s.cfg.Routers {
		r, err := s.newRouter(i)
		if err != nil {
			return err
		}
		s.Routers = append(s.Routers, r)
	}
	group, starting := errgroup.WithContext(ctx)
	for _, r := range s.Routers {
		group.Go(func() error { return r.Start(starting) })
	}
	return group.Wait()
}

// Account is the one of moves and of the audit.
func (s *Stage) Account() instance.Config {
	root := s.Shards[0].Server.Root()
	return instance.Config{User: root.User, Password: instance.Literal(root.Password)}
}

// App is the account of applications.
func (s *Stage) App() instance.Config {
	app := s.Shards[0].Server.App()
	return instance.Config{User: app.User, Password: instance.Literal(app.Password)}
}

// Find is the shard of that name.
func (s *Stage) Find(name string) *Shard {
	for _, sh := range s.Shards {
		if sh.Name == name {
			return sh
		}
	}
	return nil
}

// Close ends everything. Workers are their starter's to end first.
func (s *Stage) Close() error {
	var errs []error
	for _, r := range s.Routers {
		errs = append(errs, r.close())
	}
	if s.control != nil {
		errs = append(errs, s.control.close())
	}
	if s.Store != nil {
		errs = append(errs, s.Store.Close())
	}
	if s.Consul != nil {
		errs = append(errs, s.Consul.Close())
	}
	for _, sh := range s.Shards {
		if sh != nil {
			errs = append(errs, sh.close())
		}
	}
	return errors.Join(errs...)
}

// roundDir is where the histories of a round are.
func (s *Stage) roundDir(round int64) string {
	return filepath.Join(s.cfg.Dir, fmt.Sprintf("round-%04d", round))
}
