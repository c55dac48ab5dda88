package consul

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/hashicorp/consul/api"
)

// Config says how to reach Consul. Where a field is zero, Consul's own
// environment variable counts, as it does for the consul command; the default
// comes last.
type Config struct {
	// Address is HOST:PORT of an agent, or unix:///SOCKET. Zero:
	// CONSUL_HTTP_ADDR, else 127.0.0.1:8500.
	Address string
	// Prefix is the path of all keys, without slashes at its ends. Zero: berth.
	Prefix string
	// Datacenter is where the keys are. Zero: the agent's own.
	Datacenter string
	// Namespace and Partition are of Consul Enterprise. Zero:
	// CONSUL_NAMESPACE and CONSUL_PARTITION, else the token's own.
	Namespace, Partition string

	// Token is the ACL token. Zero: TokenFile, else CONSUL_HTTP_TOKEN_FILE,
	// else CONSUL_HTTP_TOKEN, else none.
	Token string
	// TokenFile has the token, and is read for every request, so that it can
	// be replaced at any time. Only one of Token and TokenFile may be set.
	TokenFile string

	// TLS turns HTTPS on. Zero: CONSUL_HTTP_SSL, or on if one of the next is
	// set here.
	TLS bool
	// CAFile has the certificates of the authorities to trust, in PEM. Zero:
	// CONSUL_CACERT, else the system's.
	CAFile string
	// CertFile and KeyFile are the client's certificate, in PEM. Zero:
	// CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY, else none. All three files
	// are read for every new connection.
	CertFile, KeyFile string
	// ServerName is the name to expect in the agent's certificate. Zero:
	// CONSUL_TLS_SERVER_NAME, else Address's host.
	ServerName string

	// Log is told what the store put right by itself. nil discards.
	Log *slog.Logger
}

// Parse reads a store's URL, consul://HOST:PORT/PREFIX. Both parts may be
// left out: consul:///PREFIX is on the agent of CONSUL_HTTP_ADDR.
func Parse(s string) (Config, error) {
	u, err := url.Parse(s)
	if err != nil {
		// The parser's error repeats the URL, which may hold a password.
		return Config{}, fmt.Errorf("the store's URL can't be read; write consul://HOST:PORT/PREFIX")
	}
	switch {
	case u.Scheme != "consul":
		return Config{}, fmt.Errorf("the store's URL has the scheme %q; write consul://HOST:PORT/PREFIX", u.Scheme)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return Config{}, fmt.Errorf("the store's URL has more than consul://HOST:PORT/PREFIX; set token and TLS in the configuration or by Consul's environment variables")
	case u.Host != "" && (u.Hostname() == "" || u.Port() == ""):
		return Config{}, fmt.Errorf("the store's URL has the host %q; write consul://HOST:PORT/PREFIX, with Consul's HTTP port (8500 or 8501 as a rule)", u.Host)
	}
	cfg := Config{Address: u.Host, Prefix: strings.Trim(u.Path, "/")}
	return cfg, checkPrefix(cfg.Prefix)
}

// checkPrefix refuses what would make a key that people can't type or that
// a URL would change on its way.
func checkPrefix(prefix string) error {
	if prefix == "" {
		return nil // the default
	}
	for part := range strings.SplitSeq(prefix, "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsFunc(part, func(r rune) bool {
			return r <= ' ' || r >= 0x7f || strings.ContainsRune(`?#%\"`, r)
		}) {
			return fmt.Errorf("key prefix %q: a part of it is empty, '.', '..', or has a character other than plain printable ASCII", prefix)
		}
	}
	return nil
}

// withDefaults completes the configuration from Consul's environment.
func (cfg Config) withDefaults() (Config, *api.Config, error) {
	env := api.DefaultConfig() // reads the environment only
	cfg.Prefix = strings.Trim(cfg.Prefix, "/")
	if err := checkPrefix(cfg.Prefix); err != nil {
		return cfg, nil, err
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "berth"
	}
	if cfg.Token != "" && cfg.TokenFile != "" {
		return cfg, nil, fmt.Errorf("both a token and a token file are set; set one of them")
	}
	if (cfg.CertFile == "") != (cfg.KeyFile == "") {
		return cfg, nil, fmt.Errorf("a client certificate needs both its certificate file and its key file; set both")
	}
	if cfg.Token == "" && cfg.TokenFile == "" {
		if cfg.TokenFile = env.TokenFile; cfg.TokenFile == "" {
			cfg.Token = env.Token
		}
	}
	if cfg.TLS || cfg.CAFile != "" || cfg.CertFile != "" || cfg.ServerName != "" {
		env.Scheme = "https"
	}
	if cfg.Address != "" {
		env.Address = cfg.Address
	} else if env.Address == "localhost:8500" {
		env.Address = "127.0.0.1:8500"
	}
	if cfg.CertFile != "" {
		env.TLSConfig.CertFile, env.TLSConfig.KeyFile = cfg.CertFile, cfg.KeyFile
	}
	if cfg.CAFile != "" {
		env.TLSConfig.CAFile, env.TLSConfig.CAPath = cfg.CAFile, ""
	}
	if cfg.ServerName != "" {
		env.TLSConfig.Address = cfg.ServerName
	}
	if cfg.Namespace != "" {
		env.Namespace = cfg.Namespace
	}
	if cfg.Partition != "" {
		env.Partition = cfg.Partition
	}
	env.Datacenter = cfg.Datacenter
	return cfg, env, nil
}
