package instance_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berthdb/berth/shard/instance"
	"github.com/go-sql-driver/mysql"
)

// cutter dials for a connector, keeps the last connection so that a test can
// break it on this side, and can hold back what the server answers.
type cutter struct {
	mu   sync.Mutex
	last *cutConn
}

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = &cutConn{Conn: conn}
	return c.last, nil
}

func (c *cutter) conn() *cutConn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// cutConn is a connection that a test breaks at a chosen point.
type cutConn struct {
	net.Conn
	mu      sync.Mutex
	onWrite func(b []byte) (int, error) // replaces the next write, if set
	onRead  func() error                // comes before the next read, if set
}

func (c *cutConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	f := c.onWrite
	c.onWrite = nil
	c.mu.Unlock()
	if f != nil {
		return f(b)
	}
	return c.Conn.Write(b)
}

func (c *cutConn) Read(b []byte) (int, error) {
	c.mu.Lock()
	f := c.onRead
	c.onRead = nil
	c.mu.Unlock()
	if f != nil {
		if err := f(); err != nil {
			return 0, err
		}
	}
	return c.Conn.Read(b)
}

func (c *cutConn) set(onWrite func([]byte) (int, error), onRead func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onWrite, c.onRead = onWrite, onRead
}

// Where a connection breaks decides what may be said of the statement on it.
// Each case breaks it there and then counts the rows on the server.
func TestWhereTheConnectionBreaks(t *testing.T) {
	p := identified(t, "a")
	run(t, p.admin, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v LONGTEXT)")
	insert := "INSERT INTO t (v) VALUES ('x')"
	count := func() int { return ask[int](t, p.admin, "SELECT COUNT(*) FROM t") }
	reset := &net.OpError{Op: "write", Net: "tcp", Err: errors.New("connection reset by peer")}

	tests := []struct {
		name      string
		statement string
		cut       func(c *cutConn)
		definite  bool
		ran       int // rows the statement left
	}{
		{"before a byte was sent", insert, func(c *cutConn) {
			c.set(func([]byte) (int, error) { return 0, reset }, nil)
		}, true, 0},
		{"the socket was closed already", insert, func(c *cutConn) { c.Close() }, true, 0},
		{"in the middle of the statement", insert, func(c *cutConn) {
			c.set(func(b []byte) (int, error) {
				n, err := c.Conn.Write(b[:len(b)/2])
				return n, errors.Join(reset, err)
			}, nil)
		}, false, 0},
		{"sent, and never arrived", insert, func(c *cutConn) {
			c.set(func(b []byte) (int, error) { return len(b), c.Close() }, nil)
		}, false, 0},
		{"sent and carried out, and the answer never came", insert, func(c *cutConn) {
			c.set(nil, func() error {
				before := count() // the statement may be done or not by now
				for count() == 0 && before == 0 {
					if t.Context().Err() != nil {
						return t.Context().Err()
					}
				}
				return io.ErrUnexpectedEOF
			})
		}, false, 1},
		{"while a file was sent", "LOAD DATA LOCAL INFILE 'Reader::cut' INTO TABLE t (v)", nil, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run(t, p.admin, "TRUNCATE t")
			var via cutter
			cfg := p.config()
			cfg.Dial = via.dial
			conn := p.connect(cfg)
			if tt.cut != nil {
				tt.cut(via.conn())
			} else {
				mysql.RegisterReaderHandler("cut", func() io.Reader {
					via.conn().set(func([]byte) (int, error) { return 0, reset }, nil)
					return strings.NewReader("row\n")
				})
				defer mysql.DeregisterReaderHandler("cut")
			}
			_, err := conn.ExecContext(t.Context(), tt.statement, nil)
			if err == nil {
				t.Fatal("it went well")
			}
			if got := instance.Definite(err); got != tt.definite {
				t.Errorf("Definite is %t of %T: %v", got, err, err)
			}
			if !instance.IsConnectionLost(err) || conn.IsValid() {
				t.Errorf("lost %t, valid %t: %T: %v", instance.IsConnectionLost(err), conn.IsValid(), err, err)
			}
			// What never got a byte on the wire says nothing of the server.
			if got := instance.Unavailable(err); got == tt.definite {
				t.Errorf("Unavailable is %t of %T: %v", got, err, err)
			}
			// What may still be under way ends with the session.
			if err := instance.Kill(t.Context(), p.admin, conn.ID()); err != nil {
				t.Fatal(err)
			}
			if got := count(); got != tt.ran {
				t.Errorf("%d rows on the server, want %d", got, tt.ran)
			}
		})
	}
}

// database/sql sends a statement again on driver.ErrBadConn. It must not when
// the first one may have run.
func TestDatabaseSQLSendsNothingTwice(t *testing.T) {
	p := identified(t, "a")
	run(t, p.admin, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY)")
	var via cutter
	cfg := p.config()
	cfg.Dial = via.dial
	db := p.open(cfg)
	db.SetMaxOpenConns(1)
	ask[int](t, db, "SELECT 1") // so that there is a connection

	via.conn().set(func([]byte) (int, error) { return 0, errors.New("cut") }, nil)
	run(t, db, "INSERT INTO t () VALUES ()") // nothing was sent: again, on a new one

	session := ask[uint64](t, db, "SELECT CONNECTION_ID()")
	via.conn().set(nil, func() error { return io.ErrUnexpectedEOF })
	_, err := db.ExecContext(t.Context(), "INSERT INTO t () VALUES ()")
	if err == nil || instance.Definite(err) {
		t.Errorf("the answer did not come, and the error is %v", err)
	}
	if err := instance.WaitGone(t.Context(), p.admin, session); err != nil {
		t.Fatal(err)
	}
	if n := ask[int](t, p.admin, "SELECT COUNT(*) FROM t"); n > 2 {
		t.Errorf("%d rows of two inserts", n)
	}
}

// The end of the caller's context is told apart by whether the connection
// still stands.
func TestContextEnds(t *testing.T) {
	p := identified(t, "a")
	conn := p.connect(p.config())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := conn.ExecContext(ended, "DO 1", nil)
	if !errors.Is(err, context.Canceled) || !conn.IsValid() {
		t.Errorf("before sending: valid %t, %v", conn.IsValid(), err)
	}

	during, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ask[int](t, p.admin, "SELECT COUNT(*) FROM performance_schema.processlist WHERE id = ? AND info LIKE 'DO SLEEP%'", conn.ID()) == 0 && t.Context().Err() == nil {
		}
	}()
	_, err = conn.ExecContext(during, "DO SLEEP(600)", nil)
	if !errors.Is(err, context.Canceled) || conn.IsValid() {
		t.Errorf("after sending: valid %t, %v", conn.IsValid(), err)
	}
	if instance.Definite(err) || instance.Unavailable(err) {
		t.Errorf("definite %t, unavailable %t: %v", instance.Definite(err), instance.Unavailable(err), err)
	}
	if err := instance.Kill(t.Context(), p.admin, conn.ID()); err != nil {
		t.Fatal(err)
	}
}

func TestIdleConnectionGone(t *testing.T) {
	p := identified(t, "a")
	conn := p.connect(p.config())
	if err := conn.ResetSession(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := instance.Kill(t.Context(), p.admin, conn.ID()); err != nil {
		t.Fatal(err)
	}
	// The end of it may arrive a moment after the session is gone.
	for conn.ResetSession(t.Context()) == nil {
		if t.Context().Err() != nil {
			t.Fatal("it never showed")
		}
	}
	if err := conn.ResetSession(t.Context()); !instance.Definite(err) || instance.Unavailable(err) {
		t.Errorf("got %v", err)
	}
}

func TestConnectFails(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts by itself, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing.Close()
	hangingUp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hangingUp.Close()
	go func() {
		for {
			c, err := hangingUp.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	connect := func(ctx context.Context, address string) error {
		c, err := instance.NewConnector(instance.Config{Address: address, Database: "app", User: "app",
			DialTimeout: 20 * time.Millisecond, LoginTimeout: 30 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Open(ctx)
		return err
	}
	// A host that is not there: the dialer hears nothing until its limit.
	c, err := instance.NewConnector(instance.Config{Address: "127.0.0.1:1", Database: "app", User: "app", DialTimeout: time.Millisecond,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			<-ctx.Done()
			return new(net.Dialer).DialContext(ctx, network, address)
		}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Open(t.Context()); !instance.Unavailable(err) || !instance.Definite(err) {
		t.Errorf("a dial that timed out: unavailable %t, definite %t: %v", instance.Unavailable(err), instance.Definite(err), err)
	}
	expired, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	for _, tt := range []struct {
		name, address string
		ctx           context.Context
		unavailable   bool
	}{
		{"refused", refusing.Addr().String(), t.Context(), true},
		{"silent", silent.Addr().String(), t.Context(), true},
		{"hung up", hangingUp.Addr().String(), t.Context(), true},
		{"the caller's own deadline", silent.Addr().String(), expired, false},
	} {
		err := connect(tt.ctx, tt.address)
		if !instance.Definite(err) || instance.Unavailable(err) != tt.unavailable || errors.Is(err, instance.ErrRefused) {
			t.Errorf("%s: definite %t, unavailable %t: %v", tt.name, instance.Definite(err), instance.Unavailable(err), err)
		}
		if as[*instance.ConnectError](t, err).Address != tt.address || !strings.Contains(err.Error(), tt.address) {
			t.Errorf("%s: the error does not name the server: %v", tt.name, err)
		}
	}
}

func TestErrorPredicates(t *testing.T) {
	answer := func(n uint16, message string) error {
		return fmt.Errorf("run: %w", &mysql.MySQLError{Number: n, Message: message})
	}
	predicates := map[string]func(error) bool{
		"access denied": instance.IsAccessDenied, "unknown database": instance.IsUnknownDatabase,
		"no such table": instance.IsNoSuchTable, "read only": instance.IsReadOnly, "shutdown": instance.IsShutdown,
		"too many": instance.IsTooManyConnections, "deadlock": instance.IsDeadlock, "lock wait": instance.IsLockWaitTimeout,
		"killed": instance.IsKilled, "lost": instance.IsConnectionLost, "definite": instance.Definite, "unavailable": instance.Unavailable,
	}
	for _, tt := range []struct {
		name string
		err  error
		want string // the predicates that are true, by name
	}{
		{"nil", nil, ""},
		{"any other error", errors.New("no"), ""},
		{"1045", answer(1045, ""), "access denied"},
		{"1142", answer(1142, ""), "access denied"},
		{"1049", answer(1049, ""), "unknown database"},
		{"1146", answer(1146, ""), "no such table"},
		{"1290 read-only", answer(1290, "The MySQL server is running with the --super-read-only option"), "read only"},
		{"1290 other", answer(1290, "The MySQL server is running with the --secure-file-priv option"), ""},
		{"1836", answer(1836, ""), "read only"},
		{"1053", answer(1053, ""), "shutdown unavailable"},
		{"1040", answer(1040, ""), "too many unavailable"},
		{"1040 at login", &instance.ConnectError{Err: answer(1040, "")}, "definite too many unavailable"},
		{"1045 at login", &instance.ConnectError{Err: answer(1045, "")}, "access denied definite"},
		{"1213", answer(1213, ""), "deadlock"},
		{"1205", answer(1205, ""), "lock wait"},
		{"1317", answer(1317, ""), "killed"},
		{"3024", answer(3024, ""), "killed"},
		{"4031: ended before the statement came", answer(4031, ""), "definite lost"},
		{"a stale pooled connection", driver.ErrBadConn, "definite lost"},
		{"broken at login", &instance.ConnectError{Err: driver.ErrBadConn}, "definite lost unavailable"},
		{"broken", mysql.ErrInvalidConn, "lost unavailable"},
		{"out of step", mysql.ErrPktSync, "lost unavailable"},
		{"network", &net.OpError{Op: "read", Err: errors.New("reset")}, "lost unavailable"},
		{"cancelled", context.Canceled, ""},
		{"deadline", fmt.Errorf("run: %w", context.DeadlineExceeded), ""},
		{"refused", &instance.WrongShardError{}, "definite"},
	} {
		for name, is := range predicates {
			if got, want := is(tt.err), strings.Contains(tt.want, name); got != want {
				t.Errorf("%s: %s is %t", tt.name, name, got)
			}
		}
	}
}
