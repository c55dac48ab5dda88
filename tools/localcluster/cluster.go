package localcluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/proc"
)

// Cluster is a running cluster.
type Cluster struct {
	spec   Spec
	before *Recorded // the stopped cluster that is started again; nil for none
	record *Recorded
	guard  *proc.Guard
	app    string
	root   string

	mu      sync.Mutex
	servers map[string]*mysqld.Server
	consul  *consulagent.Agent
}

// Start starts a cluster and returns when all of it answers. On any error
// nothing runs, and nothing is left that was not there before.
func Start(ctx context.Context, spec Spec) (*Cluster, error) {
	spec, err := spec.withDefaults()
	if err != nil {
		return nil, err
	}
	lock, used, err := claim(&spec)
	if err != nil {
		return nil, fmt.Errorf("make the cluster's directory: %w", err)
	}
	defer lock.Close()
	guard, err := proc.NewGuard(spec.Dir, used)
	if err != nil {
		return nil, err
	}
	c := &Cluster{spec: spec, guard: guard, servers: make(map[string]*mysqld.Server)}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := c.recall(); err != nil {
		return err
	}
	if err := c.prepare(); err != nil {
		return err
	}

	group, running := errgroup.WithContext(ctx)
	for i := range c.spec.Shards {
		group.Go(func() error { return c.startShard(running, i) })
	}
	group.Go(func() error { return c.startStore(running) })
	if err := group.Wait(); err != nil {
		return err
	}
	if c.consul != nil {
		c.record.Consul = &ConsulServer{Address: c.consul.Addr(), PID: c.consul.PID(), DataDir: c.consul.Dir()}
	}
	err := writeConfig(c.spec.Dir, c.record.Store, c.record.Shards[0].User, c.record.Shards[0].AdminUser)
	return errors.Join(err, c.record.write())
}

// recall finds out what is in the directory: nothing, or a stopped cluster.
func (c *Cluster) recall() error {
	before, err := Load(c.spec.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return usable(c.spec.Dir)
	}
	if err != nil {
		return err
	}
	if up, all := before.Running(); up > 0 {
		return fmt.Errorf("start a cluster in %s: it is already up (%d of %d servers run); stop it first with: go run ./tools/devcluster down --dir %s", c.spec.Dir, up, all, c.spec.Dir)
	}
	store := StoreFile
	if before.Consul != nil {
		store = StoreConsul
	}
	replicas := 0
	for _, s := range before.Shards {
		replicas = len(s.Replicas)
	}
	if len(before.Shards) != c.spec.Shards || replicas != c.spec.Replicas || store != c.spec.Store {
		return fmt.Errorf("start a cluster in %s: it holds a stopped one of another shape: --shards %d --replicas %d --store %s; ask for that, or remove it with: go run ./tools/devcluster down --purge --dir %s",
			c.spec.Dir, len(before.Shards), replicas, store, c.spec.Dir)
	}
	c.before = before
	return nil
}

func (c *Cluster) prepare() error {
	// Servers that root starts run as another user, who must get through.
	if err := os.Chmod(c.spec.Dir, 0o755); err != nil {
		return err
	}
	var err error
	if c.root, err = secret(filepath.Join(c.spec.Dir, rootSecret)); err != nil {
		return fmt.Errorf("keep the administrator's password: %w", err)
	}
	if c.app, err = secret(filepath.Join(c.spec.Dir, appSecret)); err != nil {
		return fmt.Errorf("keep the application's password: %w", err)
	}
	c.record = &Recorded{dir: c.spec.Dir, Shards: make([]Shard, c.spec.Shards)}
	return nil
}

func (c *Cluster) startStore(ctx context.Context) error {
	if c.spec.Store == StoreFile {
		dir := filepath.Join(c.spec.Dir, mapDir)
		c.record.Store = fileURL(dir)
		return os.MkdirAll(dir, 0o755)
	}
	opts := consulagent.Options{Dir: filepath.Join(c.spec.Dir, consulDir), Log: c.spec.Log}
	if c.before != nil {
		if _, port, err := net.SplitHostPort(c.before.Consul.Address); err == nil {
			opts.Port, _ = strconv.Atoi(port)
		}
	}
	agent, err := consulagent.Start(ctx, opts)
	if err != nil {
		return err
	}
	c.consul = agent
	c.record.Store = "consul://" + agent.Addr() + "/berth"
	return nil
}

// Dir is the cluster's directory.
func (c *Cluster) Dir() string { return c.spec.Dir }

// ConfigFile is the path of berth.yaml.
func (c *Cluster) ConfigFile() string { return filepath.Join(c.spec.Dir, configFile) }

// Record is what cluster.json says.
func (c *Cluster) Record() *Recorded { return c.record }

// Resumed says whether the cluster is a stopped one that was started again.
func (c *Cluster) Resumed() bool { return c.before != nil }

// Server is the MySQL server of that name: s1, or s1-r1 for a replica. It is
// nil if there is none.
func (c *Cluster) Server(name string) *mysqld.Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.servers[name]
}

// Consul is the agent of the store; nil with a file store.
func (c *Cluster) Consul() *consulagent.Agent { return c.consul }

// InitArgs are the arguments with which berth writes this cluster's first map.
func (c *Cluster) InitArgs() []string {
	args := []string{"--config", c.ConfigFile(), "init"}
	for _, s := range c.record.Shards {
		args = append(args, "--shard", fmt.Sprintf("%s=%s:%d/%s", s.Name, s.Host, s.Port, s.Database))
	}
	return args
}

// each runs f for every server and the agent, side by side, and waits.
func (c *Cluster) each(server func(*mysqld.Server) error, agent func(*consulagent.Agent) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var calls []func() error
	for _, s := range c.servers {
		calls = append(calls, func() error { return server(s) })
	}
	if c.consul != nil {
		calls = append(calls, func() error { return agent(c.consul) })
	}
	var group sync.WaitGroup
	errs := make([]error, len(calls))
	for i, call := range calls {
		group.Go(func() { errs[i] = call() })
	}
	group.Wait()
	return errors.Join(errs...)
}

// Close kills the cluster. Its directory goes too, unless it held something
// before. Closing twice is harmless.
func (c *Cluster) Close() error {
	err := c.each((*mysqld.Server).Close, (*consulagent.Agent).Close)
	return errors.Join(err, c.guard.Fire())
}

// Detach lets the cluster outlive this program, to be stopped by its record.
func (c *Cluster) Detach() error {
	err := c.each((*mysqld.Server).Detach, (*consulagent.Agent).Detach)
	return errors.Join(err, c.guard.StandDown())
}
