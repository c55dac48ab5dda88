package file_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/file"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		url, dir string
		bad      string // in the error
	}{
		{url: "file:///var/lib/berth", dir: "/var/lib/berth"},
		{url: "file:///var/lib/../lib/berth/", dir: "/var/lib/berth"},
		{url: "file://localhost/var/lib/berth", dir: "/var/lib/berth"},
		{url: "file:///with%20space", dir: "/with space"},
		{url: "file://var/lib/berth", bad: "three slashes"},
		{url: "file:berth", bad: "no absolute directory"},
		{url: "file://", bad: "no absolute directory"},
		{url: "file:///a?b", bad: "more than a directory"},
		{url: "consul:///berth", bad: "not a file URL"},
	} {
		cfg, err := file.Parse(test.url)
		switch {
		case test.bad == "" && (err != nil || cfg.Dir != test.dir):
			t.Errorf("%s: %+v, %v", test.url, cfg, err)
		case test.bad != "" && (err == nil || !strings.Contains(err.Error(), test.bad)):
			t.Errorf("%s: %v; the error should say %q", test.url, err, test.bad)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	if _, err := file.Open(file.Config{}); err == nil || !strings.Contains(err.Error(), "set its Dir") {
		t.Errorf("no directory: %v", err)
	}
	plain := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Open(file.Config{Dir: plain}); err == nil || !strings.Contains(err.Error(), plain) {
		t.Errorf("a file: %v", err)
	}
}

// What String gives is the same store again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"file:///var/lib/berth", "file:///a%20b", "file:///%25", "file://", "file:///a#b"} {
		f.Add(s)
	}
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, s string) {
		cfg, err := file.Parse(s)
		if err != nil || len(cfg.Dir) > 100 || strings.ContainsRune(cfg.Dir, 0) {
			return
		}
		cfg.Dir = filepath.Join(root, cfg.Dir) // Open makes it
		store, err := file.Open(cfg)
		if err != nil {
			return
		}
		defer store.Close()
		again, err := file.Parse(store.String())
		if err != nil || again.Dir != cfg.Dir {
			t.Errorf("%q: %s: %+v, %v", s, store, again, err)
		}
	})
}
