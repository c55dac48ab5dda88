package cache_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/berthdb/berth/tools/cache"
)

func TestEntryIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	var made atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			path, err := cache.Entry(t.Context(), dir, "thing", func(tmp string) error {
				made.Add(1)
				return os.WriteFile(filepath.Join(tmp, "file"), []byte("whole"), 0o644)
			})
			if err != nil {
				t.Error(err)
				return
			}
			if text, err := os.ReadFile(filepath.Join(path, "file")); err != nil || string(text) != "whole" {
				t.Errorf("read the entry: %q, %v", text, err)
			}
		})
	}
	group.Wait()
	if n := made.Load(); n != 1 {
		t.Errorf("the entry was made %d times", n)
	}
}

func TestFailedAndInterruptedEntriesAreNotUsed(t *testing.T) {
	dir := t.TempDir()
	boom := errors.New("boom")
	if _, err := cache.Entry(t.Context(), dir, "thing", func(string) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("a failed make: %v", err)
	}
	if _, ok := cache.Has(dir, "thing"); ok {
		t.Error("a failed make left an entry")
	}
	// What a killed process leaves.
	left := filepath.Join(dir, "thing.part")
	if err := os.MkdirAll(filepath.Join(left, "half"), 0o755); err != nil {
		t.Fatal(err)
	}
	path, err := cache.Entry(t.Context(), dir, "thing", func(tmp string) error {
		return os.WriteFile(filepath.Join(tmp, "file"), nil, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(path, "half")); err == nil {
		t.Error("an interrupted make got into the entry")
	}
}

func TestReachable(t *testing.T) {
	closed := filepath.Join(t.TempDir(), "closed")
	inside := filepath.Join(closed, "inside")
	if err := os.MkdirAll(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := cache.Reachable(inside); err == nil {
		t.Error("a directory in a closed one counts as reachable")
	}
	if err := cache.Reachable("/"); err != nil {
		t.Error(err)
	}
}
