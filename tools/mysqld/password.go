package mysqld

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// firstStart returns the extra arguments of a data directory's first start:
// the passwords of this server, which the template could not know. They are
// set before the server listens, from a file, since a command line is
// readable by everyone on the machine.
func (s *Server) firstStart() ([]string, error) {
	if !s.fresh || (s.opts.RootPassword == TestRootPassword && s.opts.AppPassword == TestAppPassword) {
		return nil, nil
	}
	// Kept out of the binlog: a replica sets its own.
	script := "SET sql_log_bin = 0;\n" +
		alterUser(rootUser, "localhost", s.opts.RootPassword) +
		alterUser(rootUser, "%", s.opts.RootPassword) +
		alterUser(appUser, "%", s.opts.AppPassword)
	path := s.passwordFile()
	err := errors.Join(os.WriteFile(path, []byte(script), 0o600), s.user.own(path))
	if err != nil {
		return nil, fmt.Errorf("set the passwords of %s: %w", s.name(), err)
	}
	return []string{"--init-file=" + path}, nil
}

// started follows the first answer of the server: its data has its passwords.
func (s *Server) started() error {
	s.fresh = false
	if err := os.RemoveAll(s.passwordFile()); err != nil {
		return fmt.Errorf("remove the passwords of %s from its directory: %w", s.name(), err)
	}
	return nil
}

func (s *Server) passwordFile() string {
	return filepath.Join(s.dir, "tmp", "passwords.sql")
}

func alterUser(user, host, password string) string {
	return fmt.Sprintf("ALTER USER '%s'@'%s' IDENTIFIED WITH caching_sha2_password BY '%s';\n", user, host, quote.Replace(password))
}

var quote = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
