package mysqld

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/berthdb/berth/tools/proc"
)

// Restart starts the server again on its port and data, after stopping it if
// it runs, and returns when it answers. It brings back a killed one too.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.stop(ctx); err != nil {
		return err
	}
	args, err := s.firstStart()
	if err != nil {
		return err
	}
	argv := s.install.serverArgs(append(s.args(), args...)...)
	spec := proc.Spec{
		Name:  s.name(),
		Path:  argv[0],
		Args:  argv[1:],
		Log:   s.ErrorLog(),
		Guard: s.guard,
	}
	if s.user.id != 0 {
		spec.UID, spec.GID = uint32(s.user.id), uint32(s.user.id)
	}
	p, err := proc.Start(spec)
	if err != nil {
		return err
	}
	s.process = p
	if err := s.ready(ctx); err != nil {
		err = fmt.Errorf("start %s: %w; the end of its log %s:\n%s", s.name(), err, s.ErrorLog(), proc.Tail(s.ErrorLog(), 15))
		return errors.Join(err, p.Kill())
	}
	return s.started()
}

// ready waits until the server answers its administrator.
func (s *Server) ready(ctx context.Context) error {
	cfg := s.Config(s.Root(), "")
	cfg.Timeout = 2 * time.Second
	// A server that is starting refuses many attempts; none is worth a line.
	cfg.Logger = log.New(io.Discard, "", 0)
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()

	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		// Any answer of the server's own, such as a wrong password, stays.
		var refused *mysql.MySQLError
		if errors.As(err, &refused) {
			return fmt.Errorf("it refuses its administrator: %w", err)
		}
		select {
		case <-s.process.Exited():
			return fmt.Errorf("it ended with %w", s.process.Err())
		case <-ctx.Done():
			return fmt.Errorf("it did not answer: %w (last: %w)", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// Stop shuts the server down in order and keeps its data; Restart brings it
// back.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop(ctx)
}

func (s *Server) stop(ctx context.Context) error {
	if s.process == nil {
		return nil
	}
	select {
	case <-s.process.Exited():
		return nil
	default:
		return s.process.Stop(ctx, stopGrace)
	}
}

// Kill ends the server at once, as a crash would, and keeps its data.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	return s.process.Kill()
}

// Freeze stops the server's process where it is: connections stay open and
// nothing answers. Thaw wakes it up.
func (s *Server) Freeze() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process.Freeze()
}

// Thaw undoes Freeze.
func (s *Server) Thaw() error { return s.signal(syscall.SIGCONT) }

// Signal sends a signal to the server's process.
func (s *Server) Signal(sig os.Signal) error { return s.signal(sig) }

func (s *Server) signal(sig os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process.Signal(sig)
}

// Exited is closed when the current run of the server has ended.
func (s *Server) Exited() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process.Exited()
}

// Close kills the server, removes its directory unless that held something
// before, and gives the port back. Closing twice is harmless.
func (s *Server) Close() error {
	err := s.Kill()
	if s.guard != nil {
		err = errors.Join(err, s.guard.Fire())
	}
	if s.port != nil {
		err = errors.Join(err, s.port.Release())
	}
	return err
}

// Detach lets the server and its data outlive this program. From then on
// nobody ends it but who knows its process id.
func (s *Server) Detach() error {
	if s.guard == nil {
		return nil
	}
	return s.guard.StandDown()
}

func (s *Server) name() string { return "mysqld on " + s.Addr() }
