package configs

import (
	"fmt"
	"os"
)

// Warnings are what is allowed and not wise: a secret that stands in a file
// which others than its owner may read.
func (c *Config) Warnings() (out []string) {
	if !c.exposed {
		return nil
	}
	for _, s := range []struct{ key, secret, instead string }{
		{"mysql.password", c.MySQL.Password, "password_file"},
		{"admin.password", c.AdminAccount.Password, "password_file"},
		{"consul.token", c.Consul.Token, "token_file"},
	} {
		if s.secret != "" {
			out = append(out, fmt.Sprintf("the configuration holds %s, and others than its owner may read it: run chmod go-rwx on it, or set %s instead", s.key, s.instead))
		}
	}
	return out
}

// readableByOthers looks at the permissions of a file that has just been read.
func readableByOthers(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o044 != 0
}
