package configs

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
)

// Check refuses settings that contradict each other.
func (c *Config) Check() error {
	if c.Store != "" {
		if u, err := url.Parse(c.Store); err != nil || (u.Scheme != "consul" && u.Scheme != "file") {
			return fmt.Errorf("store %q: write consul://HOST:PORT/PREFIX or file:///DIRECTORY", c.Store)
		}
	}
	if c.Consul.Token != "" && c.Consul.TokenFile != "" {
		return errors.New("consul: token and token_file are both set; keep one")
	}
	if err := c.MySQL.validate("mysql"); err != nil {
		return err
	}
	if err := c.AdminAccount.validate("admin"); err != nil {
		return err
	}
	if _, err := c.MySQL.options(); err != nil {
		return err
	}
	r := c.Routing
	if r.Buffer.Bytes > 1<<40 {
		return fmt.Errorf("router.buffer.bytes is %d, more than a machine has", r.Buffer.Bytes)
	}
	if r.Breaker.Failures < 0 || r.Sync.Max < 0 {
		return errors.New("router: breaker.failures and sync.max can't be negative; 0 means the default")
	}
	if r.Pool.MaxOpen > 0 && r.Pool.MaxIdle > r.Pool.MaxOpen {
		return fmt.Errorf("router.pool: max_idle (%d) is more than max_open (%d)", r.Pool.MaxIdle, r.Pool.MaxOpen)
	}
	if _, err := c.Log.level(); err != nil {
		return err
	}
	if f := c.Log.Format; f != "" && f != "text" && f != "json" {
		return fmt.Errorf("log.format is %q; it is text or json", f)
	}
	return nil
}

func (a Account) validate(section string) error {
	sources := 0
	for _, s := range []string{a.Password, a.PasswordFile, a.PasswordEnv} {
		if s != "" {
			sources++
		}
	}
	if sources > 1 {
		return fmt.Errorf("%s: more than one of password, password_file and password_env is set; keep one", section)
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
