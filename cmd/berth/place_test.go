package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testcluster"
)

// testPlace is some empty databases and the configuration that leads to their
// store, for tests that run commands in their own process.
type testPlace struct {
	t      *testing.T
	dir    string
	config string
	dbs    map[string]testcluster.DB // by the name of the shard to be
	shards []string                  // flags of init
	admins map[string]*sql.DB        // opened as they are needed
}

func newPlace(t *testing.T, store string, shards int) *testPlace {
	p := &testPlace{t: t, dir: t.TempDir(), dbs: map[string]testcluster.DB{}, admins: map[string]*sql.DB{}}
	var db testcluster.DB
	for i := range shards {
		name := fmt.Sprintf("s%d", i+1)
		db = testcluster.Database(t, i%2)
		p.dbs[name] = db
		p.shards = append(p.shards, "--shard", name+"="+db.Addr()+"/"+db.Database)
	}
	if store == "" {
		store = "file://" + filepath.Join(p.dir, "store")
	}
	p.config = filepath.Join(p.dir, "berth.yaml")
	text := fmt.Sprintf("store: %s\nmysql: {user: %s, password: %s}\nadmin: {user: %s, password: %s}\nrouter: {cache_dir: %s}\n",
		store, db.User, db.Password, db.AdminUser, db.AdminPassword, filepath.Join(p.dir, "cache"))
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// berth runs a command, with --yes, in this process.
func (p *testPlace) berth(ctx context.Context, args ...string) (status int, out, errs string) {
	var stdout, stderr bytes.Buffer
	s := streams{in: strings.NewReader(""), out: &stdout, err: &stderr, now: time.Now}
	status = run(ctx, s, append([]string{"--config", p.config, "--yes"}, args...))
	return status, stdout.String(), stderr.String()
}

// must runs a command that has to succeed.
func (p *testPlace) must(args ...string) string {
	p.t.Helper()
	status, out, errs := p.berth(p.t.Context(), args...)
	if status != 0 {
		p.t.Fatalf("berth %s: exit status %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

// current is the cluster's map.
func (p *testPlace) current() *shard.Map {
	p.t.Helper()
	m, err := shard.Decode([]byte(p.must("map", "export")))
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

// admin is an administrator's way to a shard, past all routing.
func (p *testPlace) admin(name string, db testcluster.DB) *sql.DB {
	if p.admins[name] == nil {
		p.admins[name] = db.OpenAdmin(p.t)
	}
	return p.admins[name]
}

// blocked is an input from which nothing comes, until it is closed.
func blocked(t *testing.T) (io.Reader, func()) {
	t.Helper()
	r, w := io.Pipe()
	return r, func() { w.Close() }
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func removeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
