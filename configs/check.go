package configs

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/berthdb/berth/shard/instance"
)

// Check refuses settings that contradict each other.
func (c *Config) Check() error {
	if c.Store != "" {
		if u, err := url.Parse(c.Store); err != nil || (u.Scheme != "consul" && u.Scheme != "file") {
			return errors.New("the store's URL is of neither kind; write consul://HOST:PORT/PREFIX or file:///DIRECTORY")
		}
	}
	if err := c.Consul.check(); err != nil {
		return err
	}
	if err := c.MySQL.check("mysql"); err != nil {
		return err
	}
	if err := c.AdminAccount.check("admin"); err != nil {
		return err
	}
	if c.AdminAccount.User == "" && c.AdminAccount.sources() > 0 {
		return errors.New("admin: a password is set and no user; set user, or take the password out to use the account of mysql")
	}
	options, err := c.MySQL.options()
	if err != nil {
		return err
	}
	if mode := c.MySQL.TLS.Mode; options.AllowCleartextPasswords && (mode == "" || mode == instance.TLSDisabled || mode == instance.TLSPreferred) {
		return errors.New("mysql: allowCleartextPasswords would send the password readable by all; set tls.mode to required or higher")
	}
	if err := c.Routing.check(); err != nil {
		return err
	}
	if _, err := c.Log.level(); err != nil {
		return err
	}
	if f := c.Log.Format; f != "" && f != "text" && f != "json" {
		return fmt.Errorf("log.format is %q; it is text or json", f)
	}
	return nil
}

func (c Consul) check() error {
	if c.Token != "" && c.TokenFile != "" {
		return errors.New("consul: token and token_file are both set; keep one")
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return errors.New("consul.tls: a certificate needs its key, and a key its certificate; set both cert and key")
	}
	return nil
}

func (r Routing) check() error {
	if r.Buffer.Bytes > 1<<40 {
		return fmt.Errorf("router.buffer.bytes is %d, more than a machine has", r.Buffer.Bytes)
	}
	for _, n := range []struct {
		key   string
		value int
		least int
	}{
		{"pool.max_open", r.Pool.MaxOpen, -1}, {"pool.max_idle", r.Pool.MaxIdle, -1}, {"pool.statements", r.Pool.Statements, -1},
		{"buffer.statements", r.Buffer.Statements, -1}, {"breaker.failures", r.Breaker.Failures, 0}, {"sync.max", r.Sync.Max, 0},
	} {
		if n.value < n.least {
			return fmt.Errorf("router.%s is %d; the least is %d, and 0 means the default", n.key, n.value, n.least)
		}
	}
	if r.Pool.MaxOpen > 0 && r.Pool.MaxIdle > r.Pool.MaxOpen {
		return fmt.Errorf("router.pool: max_idle (%d) is more than max_open (%d); lower the one or raise the other", r.Pool.MaxIdle, r.Pool.MaxOpen)
	}
	return nil
}

func (a Account) sources() (n int) {
	for _, s := range []string{a.Password, a.PasswordFile, a.PasswordEnv} {
		if s != "" {
			n++
		}
	}
	return n
}

func (a Account) check(section string) error {
	if a.sources() > 1 {
		return fmt.Errorf("%s: more than one of password, password_file and password_env is set; keep one", section)
	}
	// The rules of TLS are instance's, which checks them with a whole server.
	cfg := a.instance()
	cfg.Address, cfg.User, cfg.WithoutHello = "localhost:3306", "any", true
	if _, err := instance.NewConnector(cfg); err != nil {
		if inner := errors.Unwrap(err); inner != nil {
			err = inner // without that server's name
		}
		return fmt.Errorf("%s.tls: %w", section, err)
	}
	return nil
}

func (l Log) level() (slog.Level, error) {
	if l.Level == "" {
		return slog.LevelWarn, nil
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return 0, fmt.Errorf("log.level is %q; it is debug, info, warn or error", l.Level)
	}
	return level, nil
}
