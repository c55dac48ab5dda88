package instance

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Kill ends the session with that number (Conn.ID) and returns once it is gone
// from the server, so that nothing of it can commit any more. It goes on
// asking until ctx ends. A session that is gone already is fine.
//
// The answer to KILL proves nothing: a session that waits in its commit fails
// its client at once, stays, and then commits. Kill is therefore sent again
// until the server says that it knows no such session, which needs no
// privilege to see other accounts' sessions. An account may kill its own
// sessions; others need CONNECTION_ADMIN.
//
// A server that restarts counts its sessions from the beginning. Sessions of
// before are gone with it, so compare UUID and start time, or be sure that the
// connection db uses is no newer than the one to kill.
func Kill(ctx context.Context, db DB, id uint64) error {
	statement := "KILL CONNECTION " + strconv.FormatUint(id, 10)
	for wait := new(pause); ; {
		_, err := db.ExecContext(ctx, statement)
		switch {
		case isNoSuchThread(err):
			// The thread leaves the list of KILL once its transaction has
			// ended, and the process list a moment later.
			return WaitGone(ctx, db, id)
		case err != nil:
			return fmt.Errorf("kill session %d: %w", id, err)
		case gone.off():
			return nil
		}
		if err := wait.sleep(ctx); err != nil {
			return fmt.Errorf("kill session %d: it is still there: %w", id, err)
		}
	}
}

// WaitGone waits until none of the sessions is in the server's process list.
// Sessions of other accounts are seen with PROCESS only: without it they look
// gone.
func WaitGone(ctx context.Context, db DB, ids ...uint64) error {
	for wait := new(pause); ; {
		left, err := listed(ctx, db, ids)
		if err != nil || len(left) == 0 {
			return err
		}
		if err := wait.sleep(ctx); err != nil {
			return fmt.Errorf("wait for sessions %v to be gone: %w", left, err)
		}
	}
}

func listed(ctx context.Context, db DB, ids []uint64) (left []uint64, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var list []byte
	for i, id := range ids {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendUint(list, id, 10)
	}
	rows, err := db.QueryContext(ctx, "SELECT id FROM performance_schema.processlist WHERE id IN ("+string(list)+")")
	if err != nil {
		return nil, fmt.Errorf("read the process list: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id uint64
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("read the process list: %w", err)
		}
		left = append(left, id)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the process list: %w", err)
	}
	return left, nil
}

// pause sleeps between questions, from 1 ms up to 50 ms: most sessions are
// gone at once, and members wait for the last one.
type pause struct{ next time.Duration }

func (p *pause) sleep(ctx context.Context) error {
	p.next = min(max(2*p.next, time.Millisecond), 50*time.Millisecond)
	timer := time.NewTimer(p.next)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
