package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthdb/berth/tools/community"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestMain(m *testing.M) { os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 1})) }

func TestLoadgen(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{Schema: community.Schema(), Tables: community.Tables()})
	config := filepath.Join(t.TempDir(), "berth.yaml")
	db := f.Shards[0]
	text := fmt.Sprintf("store: file://%s\nmysql: {user: %s, password: %s}\nrouter: {cache_dir: \"off\"}\n", f.Dir, db.User, db.Password)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	said := loadgen(t, "--config", config, "--members", "30", "--load", "--seconds", "2", "--workers", "2")
	for _, want := range []string{"rows of 30 members", "  s1 ", "  s2 ", " reads and writes in "} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}

	// Tables that are not there: each statement fails, and the exit says so.
	if _, err := f.Admin[0].ExecContext(t.Context(), "DROP TABLE messages"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := newRoot(&out, &out)
	cmd.SetArgs([]string{"--config", config, "--members", "30", "--seconds", "1"})
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "shard s1: ") {
		t.Errorf("without a table on s1 it ends with %v", err)
	}
}

func loadgen(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := newRoot(&out, &out)
	cmd.SetArgs(args)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return out.String()
}

func TestRefusesWhatMakesNoSense(t *testing.T) {
	for _, args := range [][]string{
		{"--members", "0"}, {"--workers", "0"}, {"--seconds", "-1"}, {"--writes", "1.5"}, {"more"},
		{"--config", filepath.Join(t.TempDir(), "none.yaml")},
	} {
		var out bytes.Buffer
		cmd := newRoot(&out, &out)
		cmd.SetArgs(args)
		if err := cmd.ExecuteContext(t.Context()); err == nil {
			t.Errorf("%s was done:\n%s", strings.Join(args, " "), out.String())
		}
	}
}
