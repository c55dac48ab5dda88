package binlog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/google/uuid"
)

// dump is a connection on which the server sends its binlog.
type dump struct {
	conn *client.Conn
	wire *wire
}

// wire is the connection below the protocol: every read has its own limit, and
// the first error is kept, of which the library tells the text only.
type wire struct {
	net.Conn
	limit time.Duration
	err   error
}

func (w *wire) Read(b []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(w.limit)); err != nil {
		return 0, w.keep(err)
	}
	n, err := w.Conn.Read(b)
	return n, w.keep(err)
}

func (w *wire) keep(err error) error {
	if w.err == nil {
		w.err = err
	}
	return err
}

// startDump logs in and asks for the binlog.
func startDump(ctx context.Context, cfg Config, after Set) (*dump, error) {
	d, err := connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	err = d.bounded(ctx, func() error { return d.ask(cfg, after) })
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// bounded runs what waits for the server, and ends the connection when ctx does.
func (d *dump) bounded(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	stop := context.AfterFunc(ctx, d.close)
	err := f()
	if !stop() && err != nil {
		return context.Cause(ctx)
	}
	return err
}

// ask prepares the session and sends the command.
func (d *dump) ask(cfg Config, after Set) error {
	if err := d.checkPurged(after); err != nil {
		return err
	}
	for _, set := range []string{
		// Both names: the old ones are those that 8.0 knows.
		"SET @source_binlog_checksum = @@global.binlog_checksum, @master_binlog_checksum = @@global.binlog_checksum",
		fmt.Sprintf("SET @source_heartbeat_period = %d, @master_heartbeat_period = %[1]d", cfg.HeartbeatEvery.Nanoseconds()),
		// The server ends an older dump of the same name.
		fmt.Sprintf("SET @replica_uuid = '%s', @slave_uuid = '%[1]s'", uuid.New()),
	} {
		if _, err := d.conn.Execute(set); err != nil {
			return fmt.Errorf("prepare the session (%s): %w", set, err)
		}
	}
	d.conn.ResetSequence()
	return d.conn.WritePacket(dumpCommand(after))
}

// checkPurged asks before the server has to look through its files.
func (d *dump) checkPurged(after Set) error {
	const query = "SELECT @@global.gtid_mode, @@global.gtid_purged"
	r, err := d.conn.Execute(query)
	if err != nil {
		return fmt.Errorf("ask for what was purged: %w", err)
	}
	mode, err := r.GetString(0, 0)
	if err != nil {
		return fmt.Errorf("ask for what was purged: %w", err)
	}
	if mode != "ON" {
		return fmt.Errorf("the server's gtid_mode is %s; %s", mode, fixGTID)
	}
	text, err := r.GetString(0, 1)
	if err != nil {
		return fmt.Errorf("ask for what was purged: %w", err)
	}
	purged, err := ParseSet(text)
	if err != nil {
		return fmt.Errorf("ask for what was purged: %w", err)
	}
	if !after.Contains(purged) {
		return fmt.Errorf("%w: purged is %s, and the stream was to start after %s; raise binlog_expire_logs_seconds and start again with a new copy",
			ErrPurged, purged, after)
	}
	return nil
}

// dumpCommand is COM_BINLOG_DUMP_GTID, with room for the packet's header.
func dumpCommand(after Set) []byte {
	const (
		throughGTID = 4 // the position is the set, not a file
		firstOffset = 4
	)
	set := after.encode()
	b := make([]byte, 4, 64+len(set))
	b = append(b, mysql.COM_BINLOG_DUMP_GTID)
	b = binary.LittleEndian.AppendUint16(b, throughGTID)
	b = binary.LittleEndian.AppendUint32(b, serverID())
	b = binary.LittleEndian.AppendUint32(b, 0) // no file's name
	b = binary.LittleEndian.AppendUint64(b, firstOffset)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(set)))
	return append(b, set...)
}

// serverID is one that no real server is likely to have: the server sends
// nothing to a replica that has its own.
func serverID() uint32 { return 1<<31 + rand.Uint32N(1<<31-1) }

// read is the next event's bytes, which are the caller's.
func (d *dump) read(ctx context.Context) (event []byte, err error) {
	err = d.bounded(ctx, func() error {
		event, err = d.packet()
		return err
	})
	return event, err
}

func (d *dump) packet() ([]byte, error) {
	b, err := d.conn.ReadPacket()
	if err != nil {
		var late net.Error
		switch {
		case errors.As(d.wire.err, &late) && late.Timeout():
			return nil, fmt.Errorf("no sign of life for %s: %w", d.wire.limit, d.wire.err)
		case d.wire.err != nil:
			return nil, fmt.Errorf("connection lost: %w", d.wire.err)
		}
		return nil, err
	}
	switch {
	case len(b) == 0:
		return nil, fmt.Errorf("%w: an empty packet", errMalformed)
	case b[0] == mysql.OK_HEADER:
		return b[1:], nil
	case b[0] == mysql.ERR_HEADER:
		return nil, serverError(b[1:])
	case b[0] == mysql.EOF_HEADER:
		return nil, errors.New("the server ended the stream; it is shutting down, or the session was killed")
	}
	return nil, fmt.Errorf("%w: a packet that starts with %#x", errMalformed, b[0])
}

// serverError reads an error packet after its first byte.
func serverError(b []byte) error {
	c := cursor{rest: b}
	code := c.uint(2)
	if len(c.rest) > 6 && c.rest[0] == '#' {
		c.take(6) // SQLSTATE
	}
	const fatal = 1236
	text := string(c.rest)
	if code == fatal && strings.Contains(text, "purged") {
		return fmt.Errorf("%w: error %d: %s", ErrPurged, code, text)
	}
	return fmt.Errorf("error %d: %s", code, text)
}

func (d *dump) close() { _ = d.wire.Conn.Close() }
