package localcluster_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	_ "github.com/go-sql-driver/mysql"

	"github.com/berthdb/berth/tools/localcluster"
)

// newDir is the path of a directory that does not exist yet, in one that the
// user whom root's servers run as can reach.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "berth-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "cluster")
}

func start(t *testing.T, spec localcluster.Spec) *localcluster.Cluster {
	t.Helper()
	c, err := localcluster.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func refused(t *testing.T, spec localcluster.Spec, want string) {
	t.Helper()
	c, err := localcluster.Start(t.Context(), spec)
	if err == nil {
		_ = c.Close()
		t.Errorf("started, want an error with %q", want)
		return
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error %q, want %q in it", err, want)
	}
}

// open opens a recorded server by nothing but its record.
func open(t *testing.T, s localcluster.Server, user, password string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(%s:%d)/%s", user, password, s.Host, s.Port, s.Database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestLifeOfACluster starts a cluster, leaves it, stops it by its record,
// starts it again, and removes it.
func TestLifeOfACluster(t *testing.T) {
	spec := localcluster.Spec{Dir: newDir(t), Shards: 1, Replicas: 1, Relaxed: true, BufferPoolMB: 32}
	first := start(t, spec)
	primary := first.Record().Shards[0]
	app := open(t, primary.Server, primary.User, primary.Password)
	if _, err := app.ExecContext(t.Context(), "CREATE TABLE t (id INT PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, first)
	if err := first.Detach(); err != nil {
		t.Fatal(err)
	}
	refused(t, spec, "already up (2 of 2 servers run)")
	if err := app.PingContext(t.Context()); err != nil {
		t.Errorf("the refused start did something to the running cluster: %v", err)
	}

	record, err := localcluster.Load(spec.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := record.Remove(); err == nil {
		t.Fatal("a running cluster was removed")
	}
	if n, err := record.Stop(t.Context(), nil); n != 2 || err != nil {
		t.Fatalf("stopped %d of 2 servers: %v", n, err)
	}
	if up, _ := record.Running(); up != 0 {
		t.Errorf("%d servers run after Stop", up)
	}
	if n, err := record.Stop(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("stopped %d servers of a stopped cluster: %v", n, err)
	}

	other := spec
	other.Shards = 2
	refused(t, other, "of another shape: --shards 1 --replicas 1 --store file")

	second := start(t, spec)
	if !second.Resumed() || second.Record().Shards[0].Port != primary.Port {
		t.Errorf("resumed %t on port %d, want the cluster on port %d again", second.Resumed(), second.Record().Shards[0].Port, primary.Port)
	}
	again := open(t, second.Record().Shards[0].Server, primary.User, primary.Password)
	if _, err := again.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
		t.Errorf("the data of the stopped cluster: %v", err)
	}
	replica := second.Record().Shards[0].Replicas[0]
	if _, err := open(t, replica, replica.AdminUser, replica.AdminPassword).ExecContext(t.Context(), "CREATE TABLE u (id INT)"); err == nil {
		t.Error("the replica takes writes after the restart")
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if err := record.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(spec.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the removed cluster is still there: %v", err)
	}
}

func checkFiles(t *testing.T, c *localcluster.Cluster) {
	t.Helper()
	text, err := os.ReadFile(c.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	type account struct {
		User         string `yaml:"user"`
		PasswordFile string `yaml:"password_file"`
	}
	var config struct {
		Store string  `yaml:"store"`
		MySQL account `yaml:"mysql"`
		Admin account `yaml:"admin"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	if config.Store != c.Record().Store || !strings.HasPrefix(config.Store, "file:///") {
		t.Errorf("store %q in the configuration, %q in the record", config.Store, c.Record().Store)
	}
	shard := c.Record().Shards[0]
	for password, a := range map[string]account{shard.Password: config.MySQL, shard.AdminPassword: config.Admin} {
		secret, err := os.ReadFile(a.PasswordFile)
		if err != nil || strings.TrimSpace(string(secret)) != password {
			t.Errorf("the password of %s is not that of the record: %v", a.User, err)
		}
	}
	for _, name := range []string{"app.password", "root.password", "cluster.json"} {
		info, err := os.Stat(filepath.Join(c.Dir(), name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is not closed to others: %v, %v", name, info, err)
		}
	}
	if args := strings.Join(c.InitArgs(), " "); !strings.HasSuffix(args, fmt.Sprintf("init --shard s1=127.0.0.1:%d/app", shard.Port)) {
		t.Errorf("arguments of init: %s", args)
	}
}

func TestRefusals(t *testing.T) {
	full := newDir(t)
	if err := os.MkdirAll(filepath.Join(full, "photos"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		spec localcluster.Spec
		want string
	}{
		{"no shard", localcluster.Spec{}, "at least 1"},
		{"less than no replica", localcluster.Spec{Shards: 1, Replicas: -1}, "less than none"},
		{"unknown store", localcluster.Spec{Shards: 1, Store: "etcd"}, "file or consul"},
		{"another's directory", localcluster.Spec{Shards: 1, Dir: full}, "there is photos"},
	} {
		t.Run(tc.name, func(t *testing.T) { refused(t, tc.spec, tc.want) })
	}
	if _, err := os.Stat(filepath.Join(full, "photos")); err != nil {
		t.Errorf("a refused start removed another's files: %v", err)
	}
	if _, err := localcluster.Load(newDir(t)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of no cluster: %v", err)
	}
}

// TestFailedStartLeavesNothing has the store come up and every server fail.
func TestFailedStartLeavesNothing(t *testing.T) {
	dir := newDir(t)
	refused(t, localcluster.Spec{Dir: dir, Shards: 2, BufferPoolMB: 1}, "buffer pool of 1 MiB")
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failed start left its directory: %v", err)
	}
}
