package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tests call run, so they lie in the package: a main package has no
// outside.

func call(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, diag bytes.Buffer
	status = run(args, &out, &diag)
	return status, out.String(), diag.String()
}

func TestUpDown(t *testing.T) {
	parent, err := os.MkdirTemp("", "berth-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "dc")
	t.Cleanup(func() { call(t, "down", "--purge", "--dir", dir) })

	status, out, diag := call(t, "up", "--dir", dir, "--shards", "2", "--store", "consul", "--buffer-pool", "32", "--relaxed")
	if status != 0 {
		t.Fatalf("up: status %d: %s", status, diag)
	}
	for _, want := range []string{"s1 ", "s2 ", "consul ", "berth --config " + dir + "/berth.yaml init --shard s1=127.0.0.1:", "down --dir " + dir} {
		if !strings.Contains(out, want) {
			t.Errorf("up does not print %q:\n%s", want, out)
		}
	}
	checkContract(t, filepath.Join(dir, "cluster.json"))

	if status, _, diag := call(t, "up", "--dir", dir, "--shards", "2", "--store", "consul"); status != 1 || !strings.Contains(diag, "already up (3 of 3") {
		t.Errorf("a second up: status %d: %s", status, diag)
	}
	if status, out, diag := call(t, "down", "--dir", dir, "--purge"); status != 0 || out != "stopped 3 servers\n" {
		t.Errorf("down: status %d: %s%s", status, out, diag)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("down --purge left the directory")
	}
}

// checkContract reads cluster.json as a script would, by the names that the
// command line's description promises.
func checkContract(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Shards []map[string]any
		Consul map[string]any
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Shards) != 2 {
		t.Fatalf("%d shards in cluster.json, want 2", len(doc.Shards))
	}
	for _, name := range []string{"name", "host", "port", "database", "user", "password", "pid", "datadir", "replicas"} {
		if _, ok := doc.Shards[0][name]; !ok {
			t.Errorf("cluster.json has no %s for a shard", name)
		}
	}
	for _, name := range []string{"address", "pid"} {
		if _, ok := doc.Consul[name]; !ok {
			t.Errorf("cluster.json has no %s for consul", name)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"up", "--shards", "2"}, "--dir"},
		{[]string{"up", "--bogus"}, "unknown flag"},
		{[]string{"down"}, "--dir"},
		{[]string{"down", "extra"}, "takes no argument"},
		{[]string{"sideways"}, "unknown command"},
	} {
		if status, _, diag := call(t, tc.args...); status != 2 || !strings.Contains(diag, tc.want) {
			t.Errorf("devcluster %s: status %d, %q; want 2 and %q", strings.Join(tc.args, " "), status, diag, tc.want)
		}
	}
	if status, _, diag := call(t, "down", "--dir", t.TempDir()); status != 1 || !strings.Contains(diag, "no cluster was started") {
		t.Errorf("down in an empty directory: status %d: %s", status, diag)
	}
}
