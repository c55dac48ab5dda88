package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const stopRows = 100_000

// TestImportGoesOn stops an import in the middle, in both ways there are, and
// runs the same command again. Nothing may be lost or doubled.
func TestImportGoesOn(t *testing.T) {
	const keyed = "CREATE TABLE events (member_id BIGINT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (member_id, n))"
	const keyless = "CREATE TABLE events (member_id BIGINT NOT NULL, id BIGINT NOT NULL AUTO_INCREMENT, n BIGINT NOT NULL, PRIMARY KEY (member_id, id), KEY (id))"
	for _, c := range []struct {
		name, table string
		signal      syscall.Signal
		refused     bool // to go on by itself
	}{
		{"Ctrl-C", keyed, syscall.SIGINT, false},
		{"Ctrl-C without a key", keyless, syscall.SIGINT, false},
		{"kill", keyed, syscall.SIGKILL, false},
		{"kill without a key", keyless, syscall.SIGKILL, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t, "", 2)
			p.must(append([]string{"init"}, p.shards...)...)
			p.must("sql", "--all", c.table)
			p.must("table", "set", "events", "--kind", "sharded")
			file := events(t, p.dir)
			args := []string{"import", "--table", "events", file}
			said := stopped(t, p, c.signal, args...)
			if c.signal == syscall.SIGINT && !strings.Contains(said, "run the same command again to go on") {
				t.Errorf("after Ctrl-C it said %q, and nothing about going on", said)
			}
			if before := p.rows(); before == 0 || before >= stopRows {
				t.Fatalf("%d of %d rows were there when it was stopped: that is not in the middle", before, stopRows)
			}
			if c.refused {
				status, _, errs := p.berth(t.Context(), args...)
				if status != 1 || !strings.Contains(errs, "--allow-duplicates") {
					t.Fatalf("it went on with exit status %d although nobody can know where: %s", status, errs)
				}
				p.must(append(args, "--allow-duplicates")...)
				if n := p.rows(); n < stopRows {
					t.Errorf("%d of %d rows are there in the end", n, stopRows)
				}
				return
			}
			out := p.must(args...)
			if !strings.Contains(out, "going on after line") {
				t.Errorf("it began at the beginning: %s", out)
			}
			if n := p.rows(); n != stopRows {
				t.Errorf("%d rows are there in the end, and the file has %d", n, stopRows)
			}
			if n := p.distinct(); n != stopRows {
				t.Errorf("%d different rows are there in the end, and the file has %d", n, stopRows)
			}
		})
	}
}

// events is a file of rows that are all different, of some hundred members.
func events(t *testing.T, dir string) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("member_id,n\n")
	for i := range stopRows {
		fmt.Fprintf(&b, "%d,%d\n", i*7919%997, i)
	}
	file := filepath.Join(dir, "events.csv")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// stopped runs a command as a process and sends it the signal once it has
// saved that it is under way. It gives what the process said.
func stopped(t *testing.T, p *testPlace, signal syscall.Signal, args ...string) string {
	t.Helper()
	cmd := exec.Command("berth", append([]string{"--config", p.config, "--yes"}, args...)...) // testscript.Main put it on the PATH
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for p.rows() == 0 {
		select {
		case err := <-ended:
			t.Fatalf("the import ended before it could be stopped (%v): %s", err, said.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Fatalf("the import came to its end before it could be stopped: %s", said.String())
	}
	return said.String()
}

// rows is how many events there are on all shards, past all routing.
func (p *testPlace) rows() int { return p.ask("SELECT COUNT(*) FROM events") }

func (p *testPlace) distinct() int { return p.ask("SELECT COUNT(DISTINCT n) FROM events") }

func (p *testPlace) ask(query string) (sum int) {
	p.t.Helper()
	for name, db := range p.dbs {
		var n int
		if err := p.admin(name, db).QueryRowContext(p.t.Context(), query).Scan(&n); err != nil {
			p.t.Fatal(err)
		}
		sum += n
	}
	return sum
}
