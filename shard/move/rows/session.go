package rows

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/berthdb/berth/shard/instance"
)

// movingVariable is set in every session of a move that writes rows by
// ordinary statements, for triggers to look at.
const movingVariable = "@berth_move"

// pinBoth is what has to be the same on both sides for texts to mean the same:
// TIMESTAMP in UTC, dates taken as they are, 0 in an AUTO_INCREMENT column a
// value like others, CHAR without its padding, nothing strict (a zero date in
// a NOT NULL column is data), character data in the bytes of its column.
const pinBoth = "SET SESSION time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'," +
	" character_set_results = NULL, sql_safe_updates = 0, sql_select_limit = DEFAULT, sql_big_selects = 1," +
	// Either side waits while the other one works.
	" net_read_timeout = 3600, net_write_timeout = 3600"

// readBuffer is the bytes that a source session reads at a time, at least.
const readBuffer = 128 << 10

// Source is a session that rows are read from.
type Source struct{ conn *sql.Conn }

// NewSource pins the session's settings for reading. They stay: the connection
// should come from a pool of the mover's own, or be closed afterwards. It must
// be one of package instance, without ParseTime.
//
// A transaction may be open on it; with a consistent snapshot all that is read
// is of one moment.
func NewSource(ctx context.Context, conn *sql.Conn) (*Source, error) {
	// The driver reads into a buffer of 4 KiB until it has sent a statement that
	// needed a larger one, which it then keeps. Rows then come with a thirtieth
	// of the system calls.
	room := " -- " + strings.Repeat(" ", readBuffer)
	if _, err := conn.ExecContext(ctx, pinBoth+", max_execution_time = 0"+room); err != nil {
		return nil, fmt.Errorf("pin the settings of the session to read rows: %w", err)
	}
	return &Source{conn: conn}, nil
}

// Loader is how rows are written.
type Loader int

const (
	Fastest  Loader = iota // LoadData where the server allows it (local_infile)
	LoadData               // LOAD DATA LOCAL
	Inserts                // INSERT of many rows
)

// Target is a session that rows are written to.
type Target struct {
	conn      *sql.Conn
	loader    Loader
	maxPacket int // bytes of a statement
}

// NewTarget pins the session's settings for writing, as NewSource does for
// reading, with foreign keys unchecked and unique keys checked. A transaction
// may be open on it.
func NewTarget(ctx context.Context, conn *sql.Conn, how Loader) (*Target, error) {
	if _, err := conn.ExecContext(ctx, pinBoth+", foreign_key_checks = 0, unique_checks = 1, "+movingVariable+" = 1"); err != nil {
		return nil, fmt.Errorf("pin the settings of the session to write rows: %w", err)
	}
	t := &Target{conn: conn, loader: how}
	var local bool
	if err := conn.QueryRowContext(ctx, "SELECT @@GLOBAL.local_infile, @@SESSION.max_allowed_packet").Scan(&local, &t.maxPacket); err != nil {
		return nil, fmt.Errorf("ask the target how it takes rows: %w", err)
	}
	if how == Fastest {
		t.loader = Inserts
		if local {
			t.loader = LoadData
		}
	}
	return t, nil
}

// Loader is how rows are written on this target: LoadData or Inserts.
func (t *Target) Loader() Loader { return t.loader }

// raw runs f on the connection under a pooled one.
func raw(conn *sql.Conn, f func(c *instance.Conn) error) error {
	return conn.Raw(func(dc any) error {
		c, ok := dc.(*instance.Conn)
		if !ok {
			return fmt.Errorf("a connection is of type %T; rows are copied between connections of package instance", dc)
		}
		return f(c)
	})
}
