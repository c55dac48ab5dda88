package instance_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 1}))
}

// ownServer is a server for one test, with more flags.
func ownServer(t testing.TB, flags ...string) *mysqld.Server {
	t.Helper()
	return testcluster.OwnMySQL(t, mysqld.Options{Flags: flags, BufferPoolMB: 16})
}

// number tells the tests' databases on a server apart.
var number atomic.Int32

// place is a database of one test on a server.
type place struct {
	t        testing.TB
	server   *mysqld.Server
	database string
	admin    *sql.DB // root, in the database
}

func newPlace(t testing.TB) *place { return placeOn(t, testcluster.Server(t, 0)) }

func placeOn(t testing.TB, s *mysqld.Server) *place {
	t.Helper()
	p := &place{t: t, server: s, database: fmt.Sprintf("Test_%d", number.Add(1))}
	bare := p.open(instance.Config{User: s.Root().User, Password: instance.Literal(s.Root().Password), WithoutHello: true})
	run(t, bare, "CREATE DATABASE `"+p.database+"`")
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		run(t, bare, "DROP DATABASE IF EXISTS `"+p.database+"`")
		for _, table := range []string{"fence", "identity"} {
			_, err := bare.ExecContext(ctx, "DELETE FROM `_berth`.`"+table+"` WHERE database_name = ?", p.database)
			if err != nil && !instance.IsNoSuchTable(err) && !instance.IsUnknownDatabase(err) {
				t.Error(err)
			}
		}
	})
	p.admin = p.open(instance.Config{User: s.Root().User, Password: instance.Literal(s.Root().Password), Database: p.database, WithoutHello: true})
	return p
}

// identified is a place that is the shard of that name.
func identified(t testing.TB, name string) *place {
	t.Helper()
	return newPlace(t).identify(name)
}

func (p *place) identify(name string) *place {
	p.t.Helper()
	if err := instance.Identify(p.t.Context(), p.admin, instance.Identity{Cluster: "c1", Shard: name, CreatedBy: "test"}); err != nil {
		p.t.Fatal(err)
	}
	return p
}

// config is that of a router for shard "a".
func (p *place) config() instance.Config {
	app := p.server.App()
	return instance.Config{
		Address: p.server.Addr(), Database: p.database,
		User: app.User, Password: instance.Literal(app.Password),
		Expect: instance.Expect{Cluster: "c1", Shard: "a"},
	}
}

func (p *place) connector(c instance.Config) *instance.Connector {
	p.t.Helper()
	if c.Address == "" {
		c.Address = p.server.Addr()
	}
	connector, err := instance.NewConnector(c)
	if err != nil {
		p.t.Fatal(err)
	}
	return connector
}

func (p *place) open(c instance.Config) *sql.DB {
	p.t.Helper()
	db := sql.OpenDB(p.connector(c))
	p.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			p.t.Error(err)
		}
	})
	return db
}

// connect opens one connection, closed with the test.
func (p *place) connect(c instance.Config) *instance.Conn {
	p.t.Helper()
	conn, err := p.connector(c).Open(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { closeConn(p.t, conn) })
	return conn
}

// closeConn closes a connection that the test may have broken before.
func closeConn(t testing.TB, conn *instance.Conn) {
	t.Helper()
	if err := conn.Close(); err != nil && conn.IsValid() {
		t.Error(err)
	}
}

// refused opens one connection that must be refused.
func (p *place) refused(c instance.Config) error {
	p.t.Helper()
	conn, err := p.connector(c).Open(p.t.Context())
	if err == nil {
		closeConn(p.t, conn)
		p.t.Fatal("the connection was not refused")
	}
	if conn != nil {
		p.t.Fatal("a refused connection was handed out")
	}
	if !instance.Definite(err) {
		p.t.Errorf("nothing was sent, but Definite is false of %v", err)
	}
	return err
}

func run(t testing.TB, db instance.DB, statement string, args ...any) {
	t.Helper()
	// Also in clean-ups, where the test's context has ended.
	if _, err := db.ExecContext(context.WithoutCancel(t.Context()), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func ask[T any](t testing.TB, db instance.DB, statement string, args ...any) (v T) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), statement, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return v
}

func as[E error](t testing.TB, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("got %T (%v), want %T", err, err, e)
	}
	return e
}
