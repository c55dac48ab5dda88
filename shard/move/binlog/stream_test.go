package binlog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/binlog"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

// tell is an event in a word or two.
func (p *pair) tell(e binlog.Event) string {
	switch e := e.(type) {
	case binlog.Begin:
		if age := time.Since(e.CommittedAt); age < 0 || age > time.Hour {
			p.t.Errorf("%s was committed at %s", e.GTID, e.CommittedAt)
		}
		return "begin"
	case binlog.Rows:
		return e.Kind.String() + " " + e.Table.Name
	case binlog.Statement:
		if first, _, more := strings.Cut(e.Text, "\n"); more {
			return first + " START TRANSACTION"
		}
		return e.Text
	case binlog.Commit:
		return "commit"
	default:
		return fmt.Sprintf("%+v", e)
	}
}

// A transaction counts as received from its Commit on, and a stream that is
// opened there goes on with the next, none twice and none missing.
func TestGoingOnAtThePosition(t *testing.T) {
	p := newPair(t)
	p.both("CREATE TABLE t (id INT PRIMARY KEY)")
	start := p.stream.Received()
	var want []string
	for i := range 5 {
		p.onSource(fmt.Sprintf("INSERT INTO t VALUES (%d), (%d)", 2*i, 2*i+1))
		want = append(want, "begin", "insert t", "commit")
	}
	position, got := start, []string(nil)
	for events := 1; len(got) < len(want); events++ {
		s := openStream(t, p.source, position)
		var part []string
		for range events { // longer each time, so that it ends at every kind of event
			e, err := s.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			switch e := e.(type) {
			case binlog.Begin:
				if s.Received().Has(e.GTID) {
					t.Fatalf("%s is received at its begin", e.GTID)
				}
			case binlog.Commit:
				if !s.Received().Has(e.GTID) {
					t.Fatalf("%s is not received after its commit", e.GTID)
				}
			}
			if part = append(part, p.tell(e)); len(got)+len(part) == len(want) {
				break
			}
		}
		position = s.Received()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		whole := len(part) / 3 * 3
		got = append(got, part[:whole]...)
	}
	if strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("got %v", got)
	}
	if end := executed(t, p.a); !position.Equal(end) {
		t.Errorf("at the end %s, and the server is at %s", position, end)
	}
}

func TestEndingAStream(t *testing.T) {
	p := newPair(t)
	t.Run("by the context", func(t *testing.T) {
		s := openStream(t, p.source, executed(t, p.a))
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if _, err := s.Next(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("then %v", err)
		}
	})
	t.Run("by Close", func(t *testing.T) {
		s := openStream(t, p.source, executed(t, p.a))
		go s.Close()
		if _, err := s.Next(t.Context()); err == nil || !strings.Contains(err.Error(), p.source.Addr()) {
			t.Errorf("got %v", err)
		}
		s.Close()
	})
	t.Run("by an ended context, before it asks", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := binlog.Open(ctx, streamConfig(p.source), binlog.Set{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestConfigRefused(t *testing.T) {
	good := binlog.Config{Address: "127.0.0.1:1", User: "u"}
	for name, change := range map[string]func(*binlog.Config){
		"address": func(c *binlog.Config) { c.Address = "" },
		"user":    func(c *binlog.Config) { c.User = "" },
		"time":    func(c *binlog.Config) { c.HeartbeatEvery = -1 },
		"TLS":     func(c *binlog.Config) { c.TLS.CA = "ca.pem" },
	} {
		cfg := good
		change(&cfg)
		if s, err := binlog.Open(t.Context(), cfg, binlog.Set{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

// What needs a server of its own: restarts, purges, frozen processes.
func TestServerThatChanges(t *testing.T) {
	server := testcluster.OwnMySQL(t, mysqld.Options{Flags: []string{"--binlog-checksum=NONE"}})
	db := openRoot(t, server)
	exec := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := db.ExecContext(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	config := binlog.Config{Address: server.Addr(), User: server.Root().User, Password: instance.Literal(server.Root().Password), HeartbeatEvery: time.Second,
		TLS: instance.TLS{Mode: instance.TLSVerifyCA, CA: server.CAFile()}}
	open := func(after binlog.Set) *binlog.Stream {
		t.Helper()
		s, err := binlog.Open(t.Context(), config, after)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	// through reads until the stream is where the server is.
	through := func(s *binlog.Stream) (rows int) {
		t.Helper()
		for end := executed(t, db); !s.Received().Contains(end); {
			e, err := s.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if r, ok := e.(binlog.Rows); ok && r.Table.Database == "d" {
				rows += len(r.After)
			}
		}
		return rows
	}

	exec("CREATE DATABASE d", "CREATE TABLE d.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")
	s := open(executed(t, db))

	// Another checksum and a new file, in the middle of the stream.
	exec("INSERT INTO d.t (v) VALUES (1)", "SET GLOBAL binlog_checksum = CRC32", "INSERT INTO d.t (v) VALUES (2)", "FLUSH BINARY LOGS", "INSERT INTO d.t (v) VALUES (3)")
	if n := through(s); n != 3 {
		t.Errorf("%d rows with checksums changing", n)
	}

	// A tag, where the server has them.
	if v := server.Version(); v.Major >= 9 || v.Major == 8 && v.Minor >= 4 {
		exec("SET SESSION gtid_next = 'AUTOMATIC:some_tag'", "INSERT INTO d.t (v) VALUES (4), (5)", "SET SESSION gtid_next = 'AUTOMATIC'", "INSERT INTO d.t (v) VALUES (6)")
		if n := through(s); n != 3 {
			t.Errorf("%d rows with a tag", n)
		}
		if text := s.Received().String(); !strings.Contains(text, ":some_tag:1") {
			t.Errorf("position without the tag: %s", text)
		}
		again := open(s.Received())
		exec("INSERT INTO d.t (v) VALUES (7)")
		if n := through(again); n != 1 {
			t.Errorf("%d rows after a position with a tag", n)
		}
	}

	// A restart ends the stream; what comes after is where it was.
	through(s)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Next(t.Context()); err == nil {
		t.Errorf("a killed server gave %v", e)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec("INSERT INTO d.t (v) VALUES (8), (9)")
	position := s.Received()
	s = open(position)
	if n := through(s); n != 2 {
		t.Errorf("%d rows after a restart", n)
	}

	// A server that stands still is lost, and that is noticed.
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Next(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no sign of life") {
		t.Errorf("a frozen server: %v", err)
	}
	if err := server.Thaw(); err != nil {
		t.Fatal(err)
	}

	// Purged: not before the position, then behind it.
	exec("FLUSH BINARY LOGS", "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY")
	open(executed(t, db)).Close()
	if _, err := binlog.Open(t.Context(), config, position); !errors.Is(err, binlog.ErrPurged) {
		t.Errorf("a position that was purged: %v", err)
	}
	if _, err := binlog.Open(t.Context(), config, binlog.Set{}); !errors.Is(err, binlog.ErrPurged) {
		t.Errorf("from the beginning: %v", err)
	}
}

// A server that has no encryption is read in the clear where that is asked for
// or allowed, and not otherwise.
func TestServerWithoutTLS(t *testing.T) {
	server := testcluster.OwnMySQL(t, mysqld.Options{Flags: []string{"--tls-version="}})
	db := openRoot(t, server)
	config := binlog.Config{Address: server.Addr(), User: server.Root().User, Password: instance.Literal(server.Root().Password)}
	for mode, works := range map[instance.TLSMode]bool{"": true, instance.TLSDisabled: true, instance.TLSPreferred: true, instance.TLSRequired: false} {
		config.TLS.Mode = mode
		s, err := binlog.Open(t.Context(), config, executed(t, db))
		if (err == nil) != works {
			t.Errorf("mode %q: %v", mode, err)
		}
		if err == nil {
			s.Close()
		}
	}
}
