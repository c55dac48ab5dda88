package testcluster

import (
	"context"
	"database/sql"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/proc"
)

// mysqlServer is one shared server and the administrator's connections to it,
// with which databases are made and dropped.
type mysqlServer struct {
	*mysqld.Server
	admin *sql.DB
}

func (s *set) startMySQL() ([]*mysqlServer, error) {
	ctx, cancel, log := startContext()
	defer cancel()
	opts := s.opts.MySQLOptions
	if opts.Log == nil {
		opts.Log = log
	}
	servers := make([]*mysqlServer, s.opts.MySQL)
	group, ctx := errgroup.WithContext(ctx)
	for i := range servers {
		group.Go(func() error {
			server, err := mysqld.Start(ctx, opts)
			if err != nil {
				return err
			}
			s.onClose(server.Close)
			admin, err := sql.Open("mysql", server.DSN(server.Root(), ""))
			servers[i] = &mysqlServer{server, admin}
			return err
		})
	}
	return servers, group.Wait()
}

func (s *set) server(t testing.TB, i int) *mysqlServer {
	t.Helper()
	if i < 0 || i >= s.opts.MySQL {
		t.Fatalf("there is no shared MySQL server %d: TestMain asked for %d", i, s.opts.MySQL)
	}
	servers, err := s.mysql()
	if err != nil {
		t.Fatalf("start the shared MySQL servers: %v", err)
	}
	return servers[i]
}

// Server returns shared server i, to look at. Tests that change or stop a
// server use OwnMySQL.
func Server(t testing.TB, i int) *mysqld.Server {
	t.Helper()
	return current(t).server(t, i).Server
}

// OwnMySQL starts a server for this test alone, which may do to it what it
// likes. It is gone after the test; if the test fails, the end of the server's
// log is shown.
func OwnMySQL(t testing.TB, opts mysqld.Options) *mysqld.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	s, err := mysqld.Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the log of the MySQL server on %s:\n%s", s.Addr(), proc.Tail(s.ErrorLog(), 10))
		}
		if err := s.Close(); err != nil {
			t.Errorf("close the test's own MySQL server: %v", err)
		}
	})
	return s
}
