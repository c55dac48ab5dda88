package driver

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/berthdb/berth/configs"
	"github.com/berthdb/berth/shard/instance"
)

// options are those of the data source name that are not the MySQL driver's.
var options = map[string]func(c *configs.Config, value string) error{
	"user":            func(c *configs.Config, v string) error { c.MySQL.User = v; return nil },
	"password":        func(c *configs.Config, v string) error { c.MySQL.Password = v; return nil },
	"password_file":   func(c *configs.Config, v string) error { c.MySQL.PasswordFile = v; return nil },
	"password_env":    func(c *configs.Config, v string) error { c.MySQL.PasswordEnv = v; return nil },
	"tls":             func(c *configs.Config, v string) error { c.MySQL.TLS.Mode = instance.TLSMode(v); return nil },
	"tls_ca":          func(c *configs.Config, v string) error { c.MySQL.TLS.CA = v; return nil },
	"tls_cert":        func(c *configs.Config, v string) error { c.MySQL.TLS.Cert = v; return nil },
	"tls_key":         func(c *configs.Config, v string) error { c.MySQL.TLS.Key = v; return nil },
	"tls_server_name": func(c *configs.Config, v string) error { c.MySQL.TLS.ServerName = v; return nil },
	"cache_dir":       func(c *configs.Config, v string) error { c.Routing.CacheDir = v; return nil },
	"buffer_window":   func(c *configs.Config, v string) error { return c.Routing.Buffer.Window.UnmarshalText([]byte(v)) },
	"max_open": func(c *configs.Config, v string) (err error) {
		c.Routing.Pool.MaxOpen, err = strconv.Atoi(v)
		return err
	},
}

// parse reads a data source name. Its errors have no value in them that may
// be a secret.
func parse(name string) (*configs.Config, error) {
	store, query, _ := strings.Cut(name, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("berth: the options of the data source name can't be read; write them as NAME=VALUE&NAME=VALUE, with %%26 for an & in a value")
	}
	cfg, err := base(values)
	if err != nil {
		return nil, fmt.Errorf("berth: %w", err)
	}
	if store != "" {
		cfg.Store = store
	}
	if values.Has("password") || values.Has("password_file") || values.Has("password_env") {
		cfg.MySQL.Password, cfg.MySQL.PasswordFile, cfg.MySQL.PasswordEnv = "", "", ""
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := values[key]
		if len(value) > 1 {
			return nil, fmt.Errorf("berth: the option %s is in the data source name twice", key)
		}
		if err := set(cfg, key, value[0]); err != nil {
			return nil, err
		}
	}
	if err := cfg.Check(); err != nil {
		return nil, fmt.Errorf("berth: data source name: %w", err)
	}
	return cfg, nil
}

// base is the configuration that the options are laid over.
func base(values url.Values) (*configs.Config, error) {
	path := values.Get("config")
	if path == "" && values.Has("user") {
		return &configs.Config{}, nil
	}
	path, err := configs.Find(path)
	if err != nil || path == "" {
		return &configs.Config{}, err
	}
	return configs.Load(path)
}

func set(cfg *configs.Config, key, value string) error {
	if key == "config" {
		return nil
	}
	if fn, ok := options[key]; ok {
		if err := fn(cfg, value); err != nil {
			return fmt.Errorf("berth: option %s of the data source name: %w", key, err)
		}
		return nil
	}
	known, err := new(instance.Options).Set(key, value)
	switch {
	case err != nil:
		return fmt.Errorf("berth: data source name: %w", err)
	case !known:
		names := append(slices.Sorted(maps.Keys(options)), "config")
		return fmt.Errorf("berth: the data source name has the unknown option %q; %s", key,
			configs.Suggest(key, append(names, configs.MySQLOptions()...)))
	}
	if cfg.MySQL.Options == nil {
		cfg.MySQL.Options = map[string]any{}
	}
	cfg.MySQL.Options[key] = value
	return nil
}
