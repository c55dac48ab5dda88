package router

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/berthdb/berth/shard/instance"
)

// orphan keeps a ticket in flight whose connection broke while a statement or
// a commit was under way: a closed socket proves nothing, the server may still
// be at it. It leaves the gate once its session is seen to be gone.
func (r *Router) orphan(t *ticket) {
	s := t.server
	s.mu.Lock()
	s.orphans = append(s.orphans, t)
	first := len(s.orphans) == 1
	s.mu.Unlock()
	if first {
		r.spawn(func(ctx context.Context) { r.bury(ctx, s) })
	}
}

// bury ends the server's orphaned sessions one after the other and returns
// when there is none left.
func (r *Router) bury(ctx context.Context, s *server) {
	pause := newPause()
	said := ""
	for {
		s.mu.Lock()
		if len(s.orphans) == 0 {
			s.orphans = nil
			s.mu.Unlock()
			return
		}
		t := s.orphans[0]
		s.mu.Unlock()
		if err := s.end(ctx, t); err != nil {
			if said != err.Error() { // it may be so for days
				said = err.Error()
				s.log.Warn("can't confirm that a broken session is gone", "connection", t.conn.Load().ID(), "error", err)
			}
			if !sleep(ctx, pause.NextBackOff()) {
				return
			}
			continue
		}
		pause.Reset()
		r.gate.leave(t)
		s.mu.Lock()
		s.orphans = s.orphans[1:]
		s.mu.Unlock()
	}
}

// burying reports whether the end of some session has still to be seen.
func (s *server) burying() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.orphans) > 0
}

// end kills the ticket's session and waits until the server no longer lists it.
// What it asks and what it kills by go over one connection, so the server can't
// be restarted in between.
func (s *server) end(ctx context.Context, t *ticket) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	control, err := s.control.Conn(ctx)
	if err != nil {
		return err
	}
	defer control.Close()
	c := t.conn.Load()
	switch gone, err := replaced(ctx, control, c); {
	case err != nil:
		return err
	case gone:
		return nil
	}
	return instance.Kill(ctx, control, c.ID())
}

// replaced reports whether the connection's session is known to be gone since
// the server was restarted. It may have given the session's number to another
// one by then, which must not be killed; each session has a name of its own for
// that. Where the number has no name, because its session has ended, or is
// killed and still at its commit, or the server does not keep names, the age of
// the server has to tell.
func replaced(ctx context.Context, db instance.DB, c *pooled) (bool, error) {
	var name string
	err := db.QueryRowContext(ctx, "SELECT attr_value FROM performance_schema.session_account_connect_attrs"+
		" WHERE processlist_id = ? AND attr_name = 'berth_session'", c.ID()).Scan(&name)
	switch {
	case err == nil:
		return name != c.Session(), nil
	case !errors.Is(err, sql.ErrNoRows) && !instance.IsServerError(err):
		return false, fmt.Errorf("ask whose session %d is: %w", c.ID(), err)
	}
	var uptime float64
	asked := time.Now() // before: an answer that comes late must not make the session look older than the server
	if err := db.QueryRowContext(ctx, "SELECT variable_value FROM performance_schema.global_status WHERE variable_name = 'Uptime'").Scan(&uptime); err != nil {
		return false, fmt.Errorf("ask how long the server is up: %w", err)
	}
	return asked.Sub(c.born).Seconds() > uptime+2, nil
}

// open is the error of a statement that the open breaker turned away.
func (s *server) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lastErr == nil {
		return errOpen
	}
	return joined(errOpen, s.lastErr)
}
