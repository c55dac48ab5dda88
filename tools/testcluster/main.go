package testcluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/mysqld"
)

// startLimit bounds the start of the shared servers, a first fetch included.
const startLimit = 20 * time.Minute

// Options says what the tests of a package may use.
type Options struct {
	// MySQL is the number of servers, which tests know as 0, 1, and so on. 0
	// means none.
	MySQL int
	// MySQLOptions apply to each of them; Dir and Port must be empty.
	MySQLOptions mysqld.Options
	// Consul says that there is a Consul agent.
	Consul bool
}

// shared is the set of servers of this test binary. It is package-level state
// because nothing else reaches from TestMain into the tests: it is set once,
// before the first test, and read from then on.
var shared *set

// Main runs the tests of a package with a set of servers, ends the servers,
// and returns the status for os.Exit. Servers that no test used were never
// started. A run that panics or is killed leaves none either: see package proc.
func Main(m *testing.M, opts Options) int {
	s := &set{opts: opts}
	s.mysql = sync.OnceValues(s.startMySQL)
	s.consul = sync.OnceValues(s.startConsul)
	shared = s
	status := m.Run()
	if err := s.close(); err != nil {
		fmt.Fprintln(os.Stderr, "testcluster:", err)
		status = max(status, 1)
	}
	return status
}

// set is the shared servers; each kind is started by the first who asks.
type set struct {
	opts   Options
	mysql  func() ([]*mysqlServer, error)
	consul func() (*consulagent.Agent, error)

	mu      sync.Mutex
	closers []func() error
}

// current is the set, or the end of a test whose package has none.
func current(t testing.TB) *set {
	t.Helper()
	if shared == nil {
		t.Fatal("this package has no shared servers; give it a TestMain that calls testcluster.Main")
	}
	return shared
}

func (s *set) onClose(f func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closers = append(s.closers, f)
}

func (s *set) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var group errgroup.Group
	errs := make([]error, len(s.closers))
	for i, f := range s.closers {
		group.Go(func() error {
			errs[i] = f()
			return nil
		})
	}
	return errors.Join(group.Wait(), errors.Join(errs...))
}

// startContext bounds a start. Its log goes to standard error: the first run
// on a machine is slow, and whoever waits should see why.
func startContext() (context.Context, context.CancelFunc, *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	return ctx, cancel, slog.New(slog.NewTextHandler(os.Stderr, nil))
}
