package file_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

// FuzzRecordFile reads whatever may be in a record's file: a value comes with
// a version, can be replaced by it, and reads back the same; anything else is
// an error that names the file.
func FuzzRecordFile(f *testing.F) {
	for _, seed := range []string{
		"", "berth record, version 7\n{\"id\": 1}\n", "berth record, version 7", "berth record, version 0\nx",
		"berth record, version 18446744073709551616\nx", "berth record, version +1\nx", "{}", "\n",
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	s := open(f, dir)
	path := filepath.Join(dir, "records", "jobs", "1")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := s.Record(ctx(t), "jobs", "1")
		if err != nil {
			if !strings.Contains(err.Error(), path) || errors.Is(err, shard.ErrNoRecord) {
				t.Errorf("%q: %v", b, err)
			}
			if _, err := s.PutRecord(ctx(t), shard.Record{Kind: "jobs", Name: "1"}); err == nil {
				t.Errorf("%q was overwritten", b)
			}
			return
		}
		if r.Version == 0 || !strings.HasSuffix(string(b), "\n"+string(r.Value)) && len(r.Value) > 0 {
			t.Errorf("%q reads as %+v", b, r)
		}
		put, err := s.PutRecord(ctx(t), r)
		if err != nil {
			if errors.Is(err, shard.ErrTooLarge) {
				return
			}
			t.Fatal(err)
		}
		if again, err := s.Record(ctx(t), "jobs", "1"); err != nil || again.Version != put.Version || string(again.Value) != string(r.Value) {
			t.Errorf("put %+v, got %+v, %v", put, again, err)
		}
	})
}
