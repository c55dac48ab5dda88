package file_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/file"
	"github.com/berthdb/berth/shard/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Place {
		dir := t.TempDir()
		return storetest.Place{
			Open: func() (shard.Store, error) { return file.Open(file.Config{Dir: dir}) },
			Put:  func(b []byte) error { return put(dir, b) },
		}
	})
}

// put replaces or removes the map's file as an operator would.
func put(dir string, b []byte) error {
	path := filepath.Join(dir, "map")
	if b == nil {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := os.WriteFile(path+".operator", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".operator", path)
}
