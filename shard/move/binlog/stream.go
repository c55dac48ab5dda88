package binlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/berthdb/berth/shard/instance"
)

// ErrPurged is what Open's and Next's errors wrap when the server no longer has
// all the binlogs that hold what comes after the position. Nothing but a new
// copy helps.
var ErrPurged = errors.New("the server has purged binlogs that are still needed")

// Config says which server's binlog to read, and as whom.
type Config struct {
	Address string // HOST:PORT. Required.

	User     string          // the MySQL account, with SourcePrivileges. Required.
	Password instance.Secret // read once, by Open; zero: the empty password
	TLS      instance.TLS    // zero: not encrypted

	// HeartbeatEvery is how long the server is silent before it sends a sign
	// of life; 0: 2 s. A connection silent for five times that, and for 10 s at
	// least, is taken for lost.
	HeartbeatEvery time.Duration

	// OpenTimeout is how long Open may take in all; 0: 30 s. The server looks
	// through its binlog files for the position meanwhile.
	OpenTimeout time.Duration

	// Dial replaces the dialer; nil: plain TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	Logger *slog.Logger // nil: discard
}

const (
	defaultHeartbeat   = 2 * time.Second
	defaultOpenTimeout = 30 * time.Second
	leastSilence       = 10 * time.Second
)

func (c *Config) validate() error {
	switch {
	case c.Address == "":
		return errors.New("no address is given")
	case c.User == "":
		return errors.New("no user is named")
	case c.HeartbeatEvery < 0 || c.OpenTimeout < 0:
		return errors.New("a time is negative")
	}
	if c.HeartbeatEvery == 0 {
		c.HeartbeatEvery = defaultHeartbeat
	}
	if c.OpenTimeout == 0 {
		c.OpenTimeout = defaultOpenTimeout
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Logger = c.Logger.With("server", c.Address)
	return nil
}

// Stream is the binlog of one server, transaction by transaction, from a
// position on and without end. It is for one goroutine, but for Received, Format
// and Close. It never reconnects: after an error it is over, and its user opens
// another at the position it has made durable.
type Stream struct {
	address string
	dump    *dump
	check   bool // events end in a checksum

	payload payload
	assembler

	mu       sync.Mutex
	format   []byte // the FORMAT_DESCRIPTION event, with its checksum
	received Set

	failed error
}

// Open connects and asks for all transactions that are not in after, which
// stays the caller's. ErrPurged says that the server no longer has them all.
func Open(ctx context.Context, cfg Config, after Set) (*Stream, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configuration of a binlog stream: %w", err)
	}
	bounded, cancel := context.WithTimeout(ctx, cfg.OpenTimeout)
	defer cancel()
	s, err := open(bounded, cfg, after)
	if err != nil {
		return nil, fmt.Errorf("open the binlog of MySQL server %s as %s: %w", cfg.Address, cfg.User, err)
	}
	cfg.Logger.Debug("binlog opened", "after", after.String())
	return s, nil
}

func open(ctx context.Context, cfg Config, after Set) (*Stream, error) {
	d, err := startDump(ctx, cfg, after)
	if err != nil {
		return nil, err
	}
	s := &Stream{address: cfg.Address, dump: d, received: after.Clone()}
	s.assembler.tables = make(map[uint64]*Table)
	// The first file's description comes before anything else of note.
	for s.Format() == nil {
		e, err := s.read(ctx)
		if err == nil {
			err = s.feed(e)
		}
		if err != nil {
			d.close()
			return nil, err
		}
	}
	return s, nil
}

// Next gives the next event and waits for it as long as it takes. An error ends
// the stream, the end of ctx while it waits included. A transaction of which
// Commit was not given out comes again from the next stream.
func (s *Stream) Next(ctx context.Context) (Event, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	for len(s.ready) == 0 {
		e, err := s.read(ctx)
		if err == nil {
			err = s.feed(e)
		}
		if err != nil {
			s.failed = fmt.Errorf("read the binlog of MySQL server %s: %w", s.address, err)
			s.dump.close()
			return nil, s.failed
		}
	}
	e := s.ready[0]
	s.ready = s.ready[1:]
	if c, ok := e.(Commit); ok {
		s.mu.Lock()
		s.received.Add(c.GTID)
		s.mu.Unlock()
	}
	return e, nil
}

// Received is the position: what the stream was opened after, and all
// transactions whose Commit it gave out. Any goroutine may ask.
func (s *Stream) Received() Set {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received.Clone()
}

// Format is the source's FORMAT_DESCRIPTION event, which NewSession and
// NewBatch want. It changes with the server's version and its checksums. Any
// goroutine may ask.
func (s *Stream) Format() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.format
}

// Close ends the connection, and with it a Next that waits. It may be called
// twice, and by any goroutine.
func (s *Stream) Close() error {
	s.dump.close()
	return nil
}

// read is the next event, of the compressed transaction at hand or of the wire.
func (s *Stream) read(ctx context.Context) (rawEvent, error) {
	if s.payload.open {
		e, more, err := s.payload.next()
		if more || err != nil {
			return e, err
		}
	}
	b, err := s.dump.read(ctx)
	if err != nil {
		return rawEvent{}, err
	}
	// The description of the format always has a checksum, and where that is
	// off it is not worth checking. What comes before it is made up.
	if len(b) > 4 && b[4] == evFormat {
		return s.readFormat(b)
	}
	return parseEvent(b, s.check)
}

func (s *Stream) readFormat(b []byte) (rawEvent, error) {
	f, err := parseFormat(b)
	if err != nil {
		return rawEvent{}, err
	}
	s.mu.Lock()
	s.format = b
	s.mu.Unlock()
	s.check = f.checksum
	return parseEvent(b, f.checksum)
}

// feed hands an event to the assembler, or unpacks it.
func (s *Stream) feed(e rawEvent) error {
	if e.kind == evPayload {
		if s.payload.open {
			return fmt.Errorf("%w: a compressed transaction inside another", errMalformed)
		}
		return s.payload.start(e.body())
	}
	return s.assembler.take(e)
}
