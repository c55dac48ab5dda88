package instance_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berthdb/berth/shard/instance"
)

func TestConfigRefused(t *testing.T) {
	valid := instance.Config{Address: "h:1", Database: "d", User: "u"}
	if _, err := instance.NewConnector(valid); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		change func(*instance.Config)
		says   string
	}{
		{func(c *instance.Config) { c.Address = "h" }, "HOST:PORT"},
		{func(c *instance.Config) { c.User = "" }, "no user"},
		{func(c *instance.Config) { c.Database = "" }, "no database"},
		{func(c *instance.Config) { c.WithoutHello = true; c.Expect.Shard = "a" }, "checks nothing"},
		{func(c *instance.Config) { c.WithoutHello = true; c.Epoch = func() uint64 { return 1 } }, "reads no fence"},
		{func(c *instance.Config) { c.Incarnation = "a,b" }, "comma"},
		{func(c *instance.Config) { c.Incarnation = strings.Repeat("x", 129) }, "128 bytes"},
		{func(c *instance.Config) { c.DialTimeout = -1 }, "DialTimeout"},
		{func(c *instance.Config) { c.Expect.Role = 7 }, "role 7"},
		{func(c *instance.Config) { c.TLS.Mode = "on" }, `"on"`},
		{func(c *instance.Config) { c.TLS.CA = "ca.pem" }, "mode is disabled"},
		{func(c *instance.Config) { c.TLS = instance.TLS{Mode: instance.TLSRequired, CA: "ca.pem"} }, "verify-ca"},
		{func(c *instance.Config) { c.TLS = instance.TLS{Mode: instance.TLSRequired, Cert: "c.pem"} }, "needs its key"},
		{func(c *instance.Config) { c.TLS = instance.TLS{Mode: instance.TLSVerifyCA, ServerName: "x"} }, "server name"},
		{func(c *instance.Config) { c.Options.Collation = "latin1_bin" }, "utf8mb4"},
		{func(c *instance.Config) { c.Options.Collation = "utf8mb4_bin; DROP" }, "utf8mb4"},
		{func(c *instance.Config) { c.Options.MaxAllowedPacket = -2 }, "MaxAllowedPacket"},
		{func(c *instance.Config) { c.Options.TimeTruncate = -1 }, "TimeTruncate"},
		{func(c *instance.Config) { c.Options.Session = map[string]string{"a = 1, b": "2"} }, "no name of a session variable"},
		{func(c *instance.Config) { c.Options.Session = map[string]string{"a": ""} }, "no value"},
	} {
		c := valid
		tt.change(&c)
		_, err := instance.NewConnector(c)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("want an error that says %q, got %v", tt.says, err)
		}
	}
}

func TestOptions(t *testing.T) {
	p := identified(t, "a")
	cfg := p.config()
	for name, value := range map[string]string{
		"parseTime": "true", "loc": "Europe/Berlin", "interpolateParams": "true", "clientFoundRows": "1",
		"collation": "utf8mb4_0900_bin", "maxAllowedPacket": "0", "timeTruncate": "1ms",
	} {
		if known, err := cfg.Options.Set(name, value); !known || err != nil {
			t.Fatalf("%s=%s: known %t, %v", name, value, known, err)
		}
	}
	cfg.Options.Session = map[string]string{"time_zone": "'+02:00'", "sql_mode": "'ANSI'"}
	db := p.open(cfg)
	at := ask[time.Time](t, db, "SELECT TIMESTAMP '2024-01-02 03:04:05'")
	if got := at.Format(time.RFC3339); got != "2024-01-02T03:04:05+01:00" {
		t.Errorf("a time in Berlin is %s", got)
	}
	if got := ask[string](t, db, "SELECT CONCAT(@@time_zone, @@collation_connection)"); got != "+02:00utf8mb4_0900_bin" {
		t.Errorf("session variables: %s", got)
	}
	if got := ask[string](t, db, `SELECT "a" || "b"`); got != "0" {
		t.Errorf("a session variable undid what hello pins: %s", got)
	}
	run(t, db, "CREATE TABLE t (id INT PRIMARY KEY)")
	run(t, db, "INSERT INTO t VALUES (?)", 1)
	res, err := db.ExecContext(t.Context(), "UPDATE t SET id = 1")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); n != 1 || err != nil {
		t.Errorf("clientFoundRows: %d, %v", n, err)
	}
}

func FuzzOptionsSet(f *testing.F) {
	for _, q := range []string{"parseTime=true", "loc=UTC", "collation=utf8mb4_bin", "maxAllowedPacket=-1", "timeTruncate=1s", "multiStatements=true"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		values, err := url.ParseQuery(q)
		if err != nil {
			return
		}
		c := instance.Config{Address: "h:1", Database: "d", User: "u"}
		for name, v := range values {
			known, err := c.Options.Set(name, v[0])
			if !known && err != nil {
				t.Fatalf("%s: an error of an option that is not ours: %v", name, err)
			}
			if err != nil {
				return
			}
			if known && (name == "multiStatements" || name == "allowAllFiles") {
				t.Fatalf("%s is offered", name)
			}
		}
		// What Set took, the constructor takes, but for ranges it checks itself.
		if _, err := instance.NewConnector(c); err != nil && !strings.Contains(err.Error(), "MaxAllowedPacket") && !strings.Contains(err.Error(), "TimeTruncate") {
			t.Fatalf("Set took %v, NewConnector did not: %v", values, err)
		}
	})
}

func TestSecretsStaySecret(t *testing.T) {
	t.Setenv("BERTH_TEST_PASSWORD", "hunter2")
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "hunter2\r\n")
	for _, s := range []instance.Secret{instance.Literal("hunter2"), instance.FromFile(file), instance.FromEnvironment("BERTH_TEST_PASSWORD")} {
		if got, err := s.Read(); got != "hunter2" || err != nil {
			t.Errorf("%s: %q, %v", s, got, err)
		}
		c := instance.Config{Password: s}
		if out := fmt.Sprintf("%v %+v %#v %s", s, c, c, s); strings.Contains(out, "hunter2") {
			t.Errorf("it shows: %s", out)
		}
	}
	for _, s := range []instance.Secret{instance.FromFile(file + "x"), instance.FromEnvironment("BERTH_TEST_UNSET")} {
		if _, err := s.Read(); err == nil {
			t.Errorf("%s: no error", s)
		}
	}
	if got, err := (instance.Secret{}).Read(); got != "" || err != nil {
		t.Errorf("the zero secret is %q, %v", got, err)
	}
}

func TestPasswordDenied(t *testing.T) {
	p := identified(t, "a")
	cfg := p.config()
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "wrong-password")
	cfg.Password = instance.FromFile(file)
	var dials atomic.Int32
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	err := p.refused(cfg)
	if !instance.IsAccessDenied(err) || instance.Unavailable(err) || !strings.Contains(err.Error(), "file "+file) || strings.Contains(err.Error(), "wrong-password") {
		t.Errorf("got %v", err)
	}
	if n := dials.Load(); n != 1 {
		t.Errorf("the same password was tried %d times", n)
	}
}

// The password changes on the server first; the file follows just after a
// connection has read the old one.
func TestPasswordChangesDuringLogin(t *testing.T) {
	p := identified(t, "a")
	run(t, p.admin, "CREATE USER 'turning' IDENTIFIED BY 'new'")
	t.Cleanup(func() { run(t, p.admin, "DROP USER 'turning'") })
	run(t, p.admin, "GRANT SELECT ON *.* TO 'turning'")
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "old\n")
	cfg := p.config()
	cfg.User, cfg.Password = "turning", instance.FromFile(file)
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		write(t, file, "new\n")
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	p.connect(cfg)
}

// A rotation as MySQL means it, both passwords good for a while, while
// connections go on being made: none fails.
func TestPasswordRotation(t *testing.T) {
	p := identified(t, "a")
	run(t, p.admin, "CREATE USER 'rotating' IDENTIFIED BY 'p0'")
	t.Cleanup(func() { run(t, p.admin, "DROP USER 'rotating'") })
	run(t, p.admin, "GRANT SELECT ON *.* TO 'rotating'")
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "p0\n")
	cfg := p.config()
	cfg.User, cfg.Password = "rotating", instance.FromFile(file)
	connector := p.connector(cfg)

	stop, done := make(chan struct{}), make(chan error, 1)
	var made atomic.Int64
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			conn, err := connector.Open(t.Context())
			if err != nil {
				done <- err
				return
			}
			made.Add(1)
			closeConn(t, conn)
		}
	}()
	for i := 1; i <= 3; i++ {
		password := fmt.Sprintf("p%d", i)
		run(t, p.admin, "ALTER USER 'rotating' IDENTIFIED BY '"+password+"' RETAIN CURRENT PASSWORD")
		write(t, file, password+"\n")
		// The old one stays until whoever had read it is done with it.
		for before := made.Load(); made.Load() < before+2 && len(done) == 0; {
			time.Sleep(time.Millisecond)
		}
		run(t, p.admin, "ALTER USER 'rotating' DISCARD OLD PASSWORD")
	}
	conn, err := connector.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeConn(t, conn)
	close(stop)
	if err := <-done; err != nil {
		t.Errorf("after %d connections: %v", made.Load(), err)
	}
}

// write replaces a file at once, as secret stores do.
func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
