package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// places are where Find looks when neither a flag nor the environment names a
// file, in this order.
var places = [...]string{"berth.yaml", "/etc/berth/berth.yaml"}

// Find is the configuration file to read: the flag's, else that of
// $BERTH_CONFIG, else ./berth.yaml, else /etc/berth/berth.yaml, else none,
// which is an empty path. A file that was named has to be there.
func Find(flag string) (string, error) {
	if flag != "" {
		return flag, exists("--config", flag)
	}
	if path := os.Getenv("BERTH_CONFIG"); path != "" {
		return path, exists("$BERTH_CONFIG", path)
	}
	for _, path := range places {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", nil
}

func exists(source, path string) error {
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the configuration file %s that %s names is not there", path, source)
		}
		return fmt.Errorf("configuration file of %s: %w", source, err)
	}
	return nil
}

// Load reads a configuration file; an empty path gives the defaults. It is
// strict: a key it does not know is an error with its place, and so are
// settings that contradict each other. Paths in the file are taken from the
// file's own directory, never from the environment.
func Load(path string) (*Config, error) {
	if path == "" {
		return &Config{}, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration file: %w", err)
	}
	c, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("configuration file %s: %w", path, err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("configuration file %s: %w", path, err)
	}
	c.resolve(dir)
	c.exposed = readableByOthers(path)
	return c, nil
}

// resolve makes the file's paths absolute.
func (c *Config) resolve(dir string) {
	for _, p := range []*string{
		&c.Consul.TokenFile, &c.Consul.TLS.CA, &c.Consul.TLS.Cert, &c.Consul.TLS.Key,
		&c.MySQL.PasswordFile, &c.MySQL.TLS.CA, &c.MySQL.TLS.Cert, &c.MySQL.TLS.Key,
		&c.AdminAccount.PasswordFile, &c.AdminAccount.TLS.CA, &c.AdminAccount.TLS.Cert, &c.AdminAccount.TLS.Key,
	} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	if d := &c.Routing.CacheDir; *d != "" && *d != noCache && !filepath.IsAbs(*d) {
		*d = filepath.Join(dir, *d)
	}
}
