package mysqld

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// replicaPoll is how often a starting replica is asked whether it runs.
const replicaPoll = 50 * time.Millisecond

// ReplicateFrom makes the server a read-only replica of primary, by GTID, and
// returns once both of its replication threads run. The server must hold no
// data of its own: a fresh one, from the same template, differs from the
// primary only by what the primary's binlog has.
func (s *Server) ReplicateFrom(ctx context.Context, primary *Server) error {
	db, err := sql.Open("mysql", s.DSN(s.Root(), ""))
	if err != nil {
		return fmt.Errorf("make %s a replica of %s: %w", s.Addr(), primary.Addr(), err)
	}
	defer db.Close()
	// The connection is encrypted because the account's password needs it.
	source := fmt.Sprintf(`CHANGE REPLICATION SOURCE TO SOURCE_HOST='%s', SOURCE_PORT=%d, SOURCE_USER='%s', SOURCE_PASSWORD='%s', SOURCE_AUTO_POSITION=1, SOURCE_SSL=1, SOURCE_CONNECT_RETRY=1, SOURCE_RETRY_COUNT=86400`,
		primary.Host(), primary.Port(), replUser, replPassword)
	for _, statement := range []string{source, "START REPLICA", "SET GLOBAL super_read_only = ON"} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("make %s a replica of %s: %w", s.Addr(), primary.Addr(), err)
		}
	}
	s.mu.Lock()
	s.replica = true
	s.mu.Unlock()
	return s.replicating(ctx, db, primary)
}

// replicating waits until the receiver and the applier run.
func (s *Server) replicating(ctx context.Context, db *sql.DB, primary *Server) error {
	const query = `SELECT c.SERVICE_STATE, a.SERVICE_STATE, CONCAT(c.LAST_ERROR_MESSAGE, a.LAST_ERROR_MESSAGE)
		FROM performance_schema.replication_connection_status c
		JOIN performance_schema.replication_applier_status_by_coordinator a USING (CHANNEL_NAME)`
	tick := time.NewTicker(replicaPoll)
	defer tick.Stop()
	for {
		var receiver, applier, problem string
		if err := db.QueryRowContext(ctx, query).Scan(&receiver, &applier, &problem); err != nil {
			return fmt.Errorf("ask %s about its replication from %s: %w", s.Addr(), primary.Addr(), err)
		}
		if receiver == "ON" && applier == "ON" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s to replicate from %s: %w (receiver %s, applier %s: %s)",
				s.Addr(), primary.Addr(), ctx.Err(), receiver, applier, problem)
		case <-tick.C:
		}
	}
}
