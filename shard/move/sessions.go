package move

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/berthdb/berth/shard/instance"
)

// session is a client's session on a server.
type session struct {
	Session
	incarnation string // as the session's attributes say; empty: none
}

// listSessions is every client's session on the server: all but replication's
// and the server's own. One that shows no incarnation is of something that is
// no router.
func listSessions(ctx context.Context, db instance.DB) (list []session, err error) {
	rows, err := db.QueryContext(ctx, "SELECT t.PROCESSLIST_ID, COALESCE(t.PROCESSLIST_USER, ''), COALESCE(t.PROCESSLIST_HOST, ''),"+
		" COALESCE(a.ATTR_VALUE, ''), COALESCE(n.ATTR_VALUE, p.ATTR_VALUE, ''), COALESCE(t.PROCESSLIST_TIME, 0)"+
		" FROM performance_schema.threads AS t"+
		" LEFT JOIN performance_schema.session_connect_attrs AS a ON a.PROCESSLIST_ID = t.PROCESSLIST_ID AND a.ATTR_NAME = 'berth_incarnation'"+
		" LEFT JOIN performance_schema.session_connect_attrs AS n ON n.PROCESSLIST_ID = t.PROCESSLIST_ID AND n.ATTR_NAME = 'berth_router'"+
		" LEFT JOIN performance_schema.session_connect_attrs AS p ON p.PROCESSLIST_ID = t.PROCESSLIST_ID AND p.ATTR_NAME = 'program_name'"+
		" WHERE t.TYPE = 'FOREGROUND' AND t.PROCESSLIST_ID IS NOT NULL"+
		" AND t.PROCESSLIST_COMMAND NOT LIKE 'Binlog Dump%' AND t.PROCESSLIST_COMMAND <> 'Daemon'"+
		" AND COALESCE(t.PROCESSLIST_USER, '') NOT IN ('system user', 'event_scheduler')")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s session
		var seconds int64
		if err := rows.Scan(&s.ID, &s.User, &s.Host, &s.incarnation, &s.Program, &seconds); err != nil {
			return nil, err
		}
		s.Age = time.Duration(seconds) * time.Second
		list = append(list, s)
	}
	return list, rows.Err()
}

// openTransactions are the transactions that have been open for longer than
// that, the oldest first, but for those of the mover itself.
func openTransactions(ctx context.Context, db instance.DB, incarnation string, longer time.Duration) (list []Session, err error) {
	rows, err := db.QueryContext(ctx, "SELECT t.PROCESSLIST_ID, COALESCE(t.PROCESSLIST_USER, ''), COALESCE(t.PROCESSLIST_HOST, ''),"+
		" COALESCE(n.ATTR_VALUE, p.ATTR_VALUE, ''), TIMESTAMPDIFF(MICROSECOND, x.trx_started, NOW(6)), t.PROCESSLIST_INFO"+
		" FROM information_schema.INNODB_TRX AS x"+
		" JOIN performance_schema.threads AS t ON t.PROCESSLIST_ID = x.trx_mysql_thread_id"+
		" LEFT JOIN performance_schema.session_connect_attrs AS a ON a.PROCESSLIST_ID = t.PROCESSLIST_ID AND a.ATTR_NAME = 'berth_incarnation'"+
		" LEFT JOIN performance_schema.session_connect_attrs AS n ON n.PROCESSLIST_ID = t.PROCESSLIST_ID AND n.ATTR_NAME = 'berth_router'"+
		" LEFT JOIN performance_schema.session_connect_attrs AS p ON p.PROCESSLIST_ID = t.PROCESSLIST_ID AND p.ATTR_NAME = 'program_name'"+
		" WHERE t.PROCESSLIST_ID <> CONNECTION_ID() AND COALESCE(a.ATTR_VALUE, '') <> ?"+
		" AND TIMESTAMPDIFF(MICROSECOND, x.trx_started, NOW(6)) > ? ORDER BY x.trx_started LIMIT 20",
		incarnation, longer.Microseconds())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s Session
		var us int64
		var info sql.NullString
		if err := rows.Scan(&s.ID, &s.User, &s.Host, &s.Program, &us, &info); err != nil {
			return nil, err
		}
		s.Age, s.Doing = time.Duration(us)*time.Microsecond, firstWord(info.String)
		list = append(list, s)
	}
	return list, rows.Err()
}

// firstWord of a statement: the rest may hold values that are nobody's to see.
func firstWord(s string) string {
	for i, r := range s {
		if r == ' ' || r == '\n' || r == '\t' || i > 20 {
			return s[:i]
		}
	}
	return s
}
