package instance

import (
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"

	"github.com/go-sql-driver/mysql"
)

// Connector makes connections to one server. It implements driver.Connector,
// for sql.OpenDB, and Open gives the same connections with their type.
type Connector struct {
	cfg   Config
	base  *mysql.Config // without password and TLS, which may change, and attributes
	certs *certificates
}

// NewConnector checks the configuration; it reads no file and dials nothing.
func NewConnector(cfg Config) (*Connector, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configuration of MySQL server %s: %w", cfg.Address, err)
	}
	base := mysql.NewConfig()
	base.Net, base.Addr, base.DBName, base.User = "tcp", cfg.Address, cfg.Database, cfg.User
	base.Timeout, base.ReadTimeout, base.WriteTimeout = cfg.DialTimeout, cfg.ReadTimeout, cfg.WriteTimeout
	base.DialFunc = cfg.Dial
	base.Logger = driverLog{cfg.Logger.With("server", cfg.Address)}
	base.AllowFallbackToPlaintext = cfg.TLS.Mode == TLSPreferred
	if err := cfg.Options.apply(base); err != nil {
		return nil, fmt.Errorf("configuration of MySQL server %s: %w", cfg.Address, err)
	}
	return &Connector{cfg: cfg, base: base, certs: &certificates{from: cfg.TLS, host: cfg.Address}}, nil
}

// Address is the server's HOST:PORT.
func (c *Connector) Address() string { return c.cfg.Address }

// Driver implements driver.Connector.
func (c *Connector) Driver() driver.Driver { return &mysql.MySQLDriver{} }

// Connect implements driver.Connector with Open.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Open(ctx)
	if err != nil {
		return nil, err // never a nil *Conn in a non-nil interface
	}
	return conn, nil
}

// Open dials, logs in and says hello. Every error means that no statement of
// the caller was sent (Definite): a ConnectError, or a refusal by hello, which
// is ErrRefused.
func (c *Connector) Open(ctx context.Context) (*Conn, error) {
	// One limit for all of it: what a server that accepts and then says
	// nothing would otherwise hold up for ever.
	limit := c.cfg.DialTimeout + c.cfg.LoginTimeout
	bounded, cancel := context.WithTimeoutCause(ctx, limit, errLoginTimeout)
	defer cancel()
	conn, err := c.open(bounded)
	if err == nil || errors.Is(err, ErrRefused) {
		return conn, err
	}
	if ctx.Err() == nil && bounded.Err() != nil {
		err = fmt.Errorf("no answer within %s: %w", limit, errLoginTimeout)
	}
	return nil, &ConnectError{Address: c.cfg.Address, User: c.cfg.User, Err: err, ended: ctx.Err() != nil}
}

func (c *Connector) open(ctx context.Context) (*Conn, error) {
	name := rand.Text()
	session, err := c.login(ctx, name)
	if err != nil {
		return nil, err
	}
	conn, err := c.hello(ctx, session)
	if err != nil {
		// Close says goodbye first, so that the server does not count it as
		// an aborted client.
		if cerr := session.Close(); cerr != nil {
			c.cfg.Logger.Debug("close refused connection", "server", c.cfg.Address, "error", cerr)
		}
		return nil, err
	}
	conn.name = name
	return conn, nil
}

// login logs in with the password as it is now. When that is refused and the
// source holds another one by then, a rotation was under way: it tries that.
// It does not try the same one twice, which would count towards a lock of the
// account.
func (c *Connector) login(ctx context.Context, name string) (session, error) {
	password, err := c.cfg.Password.Read()
	if err != nil {
		return nil, err
	}
	s, err := c.loginWith(ctx, name, password)
	if !IsAccessDenied(err) {
		return s, err
	}
	again, rerr := c.cfg.Password.Read()
	if rerr != nil {
		return nil, errors.Join(err, rerr)
	}
	if again != password {
		s, err = c.loginWith(ctx, name, again)
	}
	if IsAccessDenied(err) {
		err = fmt.Errorf("%w (password: %s)", err, c.cfg.Password)
	}
	return s, err
}

func (c *Connector) loginWith(ctx context.Context, name, password string) (session, error) {
	config, err := c.certs.current()
	if err != nil {
		return nil, err
	}
	base := c.base.Clone()
	base.Passwd, base.TLS = password, config
	base.ConnectionAttributes = c.cfg.attributes(name)
	connector, err := mysql.NewConnector(base)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	s, ok := conn.(session)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("the MySQL driver's %T lacks a method that berth needs", conn)
	}
	return s, nil
}

// errLoginTimeout is our own limit, told apart from the caller's: this one
// speaks against the server.
var errLoginTimeout = errors.New("timeout while connecting")

// ConnectError says that no connection came about.
type ConnectError struct {
	Address, User string
	Err           error

	ended bool // the caller's own context ended it
}

func (e *ConnectError) Error() string {
	return fmt.Sprintf("connect to MySQL server %s as %s: %v", e.Address, e.User, e.Err)
}

// Unwrap gives the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// driverLog hands on what the driver logs: mostly connections that broke,
// which their users hear about as errors.
type driverLog struct{ to *slog.Logger }

func (l driverLog) Print(v ...any) { l.to.Debug("mysql driver", "message", fmt.Sprint(v...)) }
