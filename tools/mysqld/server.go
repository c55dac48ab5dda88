package mysqld

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/berthdb/berth/tools/proc"
)

// stopGrace is how long a server may take to shut down before it is killed. It
// flushes its buffer pool, so a busy machine needs some of it.
const stopGrace = 30 * time.Second

// Server is one MySQL server. Its methods may be called from several
// goroutines; stops and starts wait for each other.
type Server struct {
	install *Install
	opts    Options
	user    unprivileged
	dir     string
	guard   *proc.Guard
	port    *proc.Port // nil when the caller chose the number

	mu      sync.Mutex
	process *proc.Process
	fresh   bool // the data is a copy of the template, never started
	replica bool // started read-only from the first replication on
}

// Start starts a server and returns when it answers. On any error nothing of
// it is left.
func Start(ctx context.Context, opts Options) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	install, err := Ensure(ctx, opts.Log)
	if err != nil {
		return nil, err
	}
	s := &Server{install: install, opts: opts, user: serverUser()}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.Restart(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepare reserves the port and lays out the directory, data included.
func (s *Server) prepare(ctx context.Context) error {
	if s.opts.Port == 0 {
		port, err := proc.ReservePort()
		if err != nil {
			return err
		}
		s.port, s.opts.Port = port, port.Number()
	}
	if s.opts.ServerID == 0 {
		s.opts.ServerID = uint32(s.opts.Port)
	}
	template, err := s.install.template(ctx, s.user, s.opts.Log)
	if err != nil {
		return err
	}
	if s.dir, s.guard, err = proc.GuardDir(s.opts.Dir, "berth-mysqld-"); err != nil {
		return fmt.Errorf("make the directory of a MySQL server: %w", err)
	}
	dir := s.dir
	if err := s.user.canReach(filepath.Dir(dir)); err != nil {
		return fmt.Errorf("make the directory of a MySQL server: %w; choose another one", err)
	}
	if _, err := os.Stat(s.DataDir()); errors.Is(err, fs.ErrNotExist) {
		if err := copyTree(template, s.DataDir(), s.user); err != nil {
			return fmt.Errorf("copy the template of a data directory to %s: %w", s.DataDir(), err)
		}
		s.fresh = true
	}
	tmp := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(tmp, 0o750); err != nil {
		return err
	}
	log, err := os.OpenFile(s.ErrorLog(), os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(log.Close(), s.user.own(dir, tmp, s.ErrorLog()))
}

// PID is the process id of the server, or of its last run.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process.PID()
}

// Version is the server's version.
func (s *Server) Version() Version { return s.install.Version }

// Install is the MySQL that the server runs from, client programs included.
func (s *Server) Install() *Install { return s.install }

// Dir is the directory with all that the server writes.
func (s *Server) Dir() string { return s.dir }

// DataDir is MySQL's data directory, below Dir.
func (s *Server) DataDir() string { return filepath.Join(s.dir, "data") }

// ErrorLog is the path of the server's log.
func (s *Server) ErrorLog() string { return filepath.Join(s.dir, "error.log") }

// CAFile is the certificate of the authority that signed the server's own, in
// PEM.
func (s *Server) CAFile() string { return filepath.Join(s.DataDir(), "ca.pem") }
