package configs

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/file"
	"github.com/berthdb/berth/shard/instance"
)

// OpenStore opens the store that the configuration names. It dials nothing.
func (c *Config) OpenStore(context.Context) (shard.Store, error) {
	if c.Store == "" {
		return nil, errors.New("no store is named; set store in the configuration, or --store consul://HOST:PORT/PREFIX or file:///DIRECTORY")
	}
	u, err := url.Parse(c.Store)
	if err == nil && u.Scheme == "file" {
		cfg, err := file.Parse(c.Store)
		if err != nil {
			return nil, err
		}
		return file.Open(cfg)
	}
	cfg, err := consul.Parse(c.Store)
	if err != nil {
		return nil, err
	}
	s := c.Consul
	cfg.Token, cfg.TokenFile = s.Token, s.TokenFile
	cfg.Datacenter, cfg.Namespace, cfg.Partition = s.Datacenter, s.Namespace, s.Partition
	cfg.TLS, cfg.CAFile, cfg.CertFile, cfg.KeyFile, cfg.ServerName = s.TLS.Enabled, s.TLS.CA, s.TLS.Cert, s.TLS.Key, s.TLS.ServerName
	return consul.Open(cfg)
}

// Instance is how the routed statements connect.
func (c *Config) Instance() instance.Config {
	cfg := c.MySQL.Account.instance()
	cfg.Options, _ = c.MySQL.options() // Check has seen its error
	return cfg
}

// Admin is how the berth command connects to make and change things.
func (c *Config) Admin() instance.Config {
	a := c.AdminAccount
	if a.User == "" { // then it has no password either: Check
		tls := a.TLS
		a = c.MySQL.Account
		a.TLS = tls
	}
	if a.TLS == (TLS{}) {
		a.TLS = c.MySQL.TLS
	}
	return a.instance()
}

func (a Account) instance() instance.Config {
	cfg := instance.Config{User: a.User, TLS: instance.TLS(a.TLS)}
	switch {
	case a.PasswordFile != "":
		cfg.Password = instance.FromFile(a.PasswordFile)
	case a.PasswordEnv != "":
		cfg.Password = instance.FromEnvironment(a.PasswordEnv)
	default:
		cfg.Password = instance.Literal(a.Password)
	}
	return cfg
}

// noCache is the cache_dir that turns the cached map off.
const noCache = "off"

// CacheFile is where a router on this store keeps its map for a start without
// the store; empty when that is off, or this user has no cache directory.
func (c *Config) CacheFile() string {
	dir := c.Routing.CacheDir
	if dir == noCache {
		return ""
	}
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(user, "berth")
	}
	// One prefix in two namespaces is two stores.
	place := strings.Join([]string{c.Store, c.Consul.Datacenter, c.Consul.Namespace, c.Consul.Partition}, "\x00")
	sum := sha256.Sum256([]byte(place))
	return filepath.Join(dir, fmt.Sprintf("%x.map", sum[:8]))
}

// Router is for router.Open. It tells the log of Warnings.
func (c *Config) Router(store shard.Store, log *slog.Logger) router.Config {
	r := c.Routing
	if log != nil {
		for _, w := range c.Warnings() {
			log.Warn(w)
		}
	}
	return router.Config{
		Store: store, Log: log, Instance: c.Instance(), Name: r.Name, CacheFile: c.CacheFile(),
		StartTimeout: time.Duration(r.StartTimeout),
		Pool: router.PoolConfig{
			MaxOpen: r.Pool.MaxOpen, MaxIdle: r.Pool.MaxIdle, Statements: r.Pool.Statements,
			IdleTime: time.Duration(r.Pool.IdleTime), Lifetime: time.Duration(r.Pool.Lifetime),
		},
		Buffer:  router.BufferConfig{Statements: r.Buffer.Statements, Bytes: int(r.Buffer.Bytes), Window: time.Duration(r.Buffer.Window)},
		Breaker: router.BreakerConfig{Failures: r.Breaker.Failures, Retry: time.Duration(r.Breaker.Retry)},
		Sync:    router.SyncConfig{Max: r.Sync.Max, Slow: time.Duration(r.Sync.Slow)},
	}
}

// Logger logs to w as the configuration says.
func (c *Config) Logger(w io.Writer) *slog.Logger {
	level, _ := c.Log.level() // Check has seen its error
	opts := &slog.HandlerOptions{Level: level}
	if cmp.Or(c.Log.Format, "text") == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
