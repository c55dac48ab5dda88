package instance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/berthdb/berth/shard"
)

// Config says how to reach one MySQL server and what it must turn out to be.
type Config struct {
	Address  string // HOST:PORT. Required.
	Database string // the shard's database on it. Required, unless WithoutHello.

	User     string // the MySQL account. Required.
	Password Secret // read anew for every connection; zero: the empty password
	TLS      TLS    // zero: not encrypted, as the plain Go driver

	// Expect is what hello checks. Its zero value asks for some identity, and
	// for a server that takes writes.
	Expect Expect

	// Epoch is the epoch of the map that the caller routes by, read just
	// before each hello: only fence rows above it come back. nil: 0, so that
	// every fence row does.
	Epoch func() uint64

	// WithoutHello connects without asking for identity or fence, for the
	// commands that run before there is one. Never route through such a
	// connection. It contradicts Expect and Epoch.
	WithoutHello bool

	// Incarnation names this start of the process, in every session's
	// connection attributes (berth_incarnation). A session that shows none is
	// killed at every cutover. Empty: none is sent.
	Incarnation string
	// Router is for people who read a process list: host and program
	// (berth_router). Empty: none is sent.
	Router string

	DialTimeout  time.Duration // to the end of the TCP handshake; 0: 1 s
	LoginTimeout time.Duration // from there to the end of hello; 0: 5 s
	ReadTimeout  time.Duration // for each read; 0: none. It breaks long statements.
	WriteTimeout time.Duration // for each write; 0: none

	// Options are what the plain driver's users know from its DSN.
	Options Options

	// Dial replaces the dialer; nil: TCP with keep-alive probes that notice a
	// vanished host in about 15 s.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	Logger *slog.Logger // nil: discard
}

// Expect is what a server must turn out to be.
type Expect struct {
	Cluster string // the map's cluster id; empty: not checked
	Shard   string // the shard's name; empty: not checked
	UUID    string // the server's server_uuid; empty: not checked
	Role    Role   // zero: Primary
}

// Role is what a server is used for.
type Role int

const (
	Primary Role = iota // must take writes: one that is read_only is refused
	Replica             // read from; read_only or not
)

const (
	defaultDialTimeout  = time.Second
	defaultLoginTimeout = 5 * time.Second
	maxAttribute        = 128 // bytes of one attribute; the server keeps 512 of all by default
)

// validate refuses contradictions and fills in the defaults.
func (c *Config) validate() error {
	if err := shard.CheckAddress(c.Address); err != nil {
		return err
	}
	if c.User == "" {
		return errors.New("no user is named")
	}
	switch {
	case c.WithoutHello && c.Expect != Expect{}:
		return errors.New("Expect is set, but WithoutHello checks nothing")
	case c.WithoutHello && c.Epoch != nil:
		return errors.New("Epoch is set, but WithoutHello reads no fence")
	case !c.WithoutHello && c.Database == "":
		return errors.New("no database is named, and a shard's identity is that of a database")
	case c.Expect.Role != Primary && c.Expect.Role != Replica:
		return fmt.Errorf("role %d is neither Primary nor Replica", c.Expect.Role)
	}
	// The driver's list of attributes has no way to write a comma in a value,
	// and an incarnation that isn't read back as it is would be killed.
	if strings.ContainsAny(c.Incarnation, ",") || len(c.Incarnation) > maxAttribute {
		return fmt.Errorf("incarnation %q has a comma or more than %d bytes", c.Incarnation, maxAttribute)
	}
	for _, t := range []struct {
		name string
		d    time.Duration
	}{{"DialTimeout", c.DialTimeout}, {"LoginTimeout", c.LoginTimeout}, {"ReadTimeout", c.ReadTimeout}, {"WriteTimeout", c.WriteTimeout}} {
		if t.d < 0 {
			return fmt.Errorf("%s is negative: %s", t.name, t.d)
		}
	}
	if c.DialTimeout == 0 {
		c.DialTimeout = defaultDialTimeout
	}
	if c.LoginTimeout == 0 {
		c.LoginTimeout = defaultLoginTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Dial == nil {
		c.Dial = dialer.DialContext
	}
	if err := c.TLS.validate(); err != nil {
		return err
	}
	return c.Options.validate()
}

// dialer probes an idle or waiting connection after 5 s and gives up 10 s
// later. Without it a statement sent to a host that vanished waits for minutes.
var dialer = &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
	Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 5,
}}

// attributes are the connection attributes, in the driver's notation, of the
// session of that name. The incarnation comes first: what exceeds the server's
// limit is cut off the end.
func (c *Config) attributes(name string) string {
	var list []string
	add := func(key, value string) {
		if value != "" {
			list = append(list, key+":"+value)
		}
	}
	add("berth_incarnation", c.Incarnation)
	add("berth_session", name)
	add("program_name", "berth")
	router := strings.ReplaceAll(c.Router, ",", " ")
	if len(router) > maxAttribute {
		router = strings.ToValidUTF8(router[:maxAttribute], "")
	}
	add("berth_router", router)
	return strings.Join(list, ",")
}
