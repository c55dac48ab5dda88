package configs

import (
	"github.com/berthdb/berth/shard/instance"
)

// Config is berth.yaml. Every field's zero value is its default.
type Config struct {
	// Store is where the map is: consul://HOST:PORT/PREFIX or
	// file:///DIRECTORY. Required, here or by --store.
	Store  string `yaml:"store"`
	Consul Consul `yaml:"consul"`
	// MySQL is the account that statements are routed with.
	MySQL MySQL `yaml:"mysql"`
	// AdminAccount is what the berth command makes and changes things with;
	// without a user it is MySQL's, and without TLS it has MySQL's.
	AdminAccount Account `yaml:"admin"`
	Routing      Routing `yaml:"router"`
	Log          Log     `yaml:"log"`

	exposed bool // others than the owner may read the file
}

// Consul says how to reach Consul; zero fields are Consul's own environment
// variables and defaults.
type Consul struct {
	Token      string    `yaml:"token"`
	TokenFile  string    `yaml:"token_file"` // read for every request
	Datacenter string    `yaml:"datacenter"`
	Namespace  string    `yaml:"namespace"`
	Partition  string    `yaml:"partition"`
	TLS        ConsulTLS `yaml:"tls"`
}

// ConsulTLS turns HTTPS on, when one of its fields is set.
type ConsulTLS struct {
	Enabled    bool   `yaml:"enabled"` // with the system's authorities and no certificate of ours
	CA         string `yaml:"ca"`      // PEM files
	Cert       string `yaml:"cert"`
	Key        string `yaml:"key"`
	ServerName string `yaml:"server_name"`
}

// Account is a MySQL account and how it connects. One password source at the
// most; without any, the password is empty.
type Account struct {
	User         string `yaml:"user"`
	Password     string `yaml:"password"`      // literally: see Warnings
	PasswordFile string `yaml:"password_file"` // read for every new connection
	PasswordEnv  string `yaml:"password_env"`  // name of an environment variable
	TLS          TLS    `yaml:"tls"`
}

// TLS of connections to MySQL; see instance.TLS.
type TLS struct {
	Mode       instance.TLSMode `yaml:"mode"` // zero: disabled
	CA         string           `yaml:"ca"`
	Cert       string           `yaml:"cert"`
	Key        string           `yaml:"key"`
	ServerName string           `yaml:"server_name"`
}

// MySQL is the account of the routed statements, and its driver's options.
type MySQL struct {
	Account `yaml:",inline"`
	// Options are those of the Go MySQL driver that make sense under a
	// router, by the driver's names: see instance.Options.
	Options map[string]any `yaml:"options"`
}

// Routing is what a process that routes can be told; see router.Config.
type Routing struct {
	Name         string   `yaml:"name"`
	CacheDir     string   `yaml:"cache_dir"` // zero: berth in the user's cache directory; "off": no cached map
	StartTimeout Duration `yaml:"start_timeout"`
	Pool         struct {
		MaxOpen    int      `yaml:"max_open"`
		MaxIdle    int      `yaml:"max_idle"`
		IdleTime   Duration `yaml:"idle_time"`
		Lifetime   Duration `yaml:"lifetime"`
		Statements int      `yaml:"statements"`
	} `yaml:"pool"`
	Buffer struct {
		Statements int      `yaml:"statements"`
		Bytes      Size     `yaml:"bytes"`
		Window     Duration `yaml:"window"`
	} `yaml:"buffer"`
	Breaker struct {
		Failures int      `yaml:"failures"`
		Retry    Duration `yaml:"retry"`
	} `yaml:"breaker"`
	Sync struct {
		Max  int      `yaml:"max"`
		Slow Duration `yaml:"slow"`
	} `yaml:"sync"`
}

// Log says what is logged to standard error, and how.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error; zero: warn
	Format string `yaml:"format"` // text or json; zero: text
}
