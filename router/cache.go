package router

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/berthdb/berth/shard"
)

// readCache is the map that was kept last, or nil when none was.
func readCache(file string) (*shard.Map, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read cached map: %w", err)
	}
	m, err := shard.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("cached map %s: %w", file, err)
	}
	return m, nil
}

// writeCache keeps the map, unless a newer one of the same cluster is kept
// already by another process of this host.
func writeCache(file string, m *shard.Map) error {
	if file == "" {
		return nil
	}
	if kept, err := readCache(file); err == nil && kept != nil && kept.Cluster() == m.Cluster() && kept.Epoch() >= m.Epoch() {
		return nil
	}
	b, err := m.Encode()
	if err != nil {
		return err
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep map: %w", err)
	}
	tmp, err := os.CreateTemp(dir, filepath.Base(file)+".*")
	if err != nil {
		return fmt.Errorf("keep map: %w", err)
	}
	_, err = tmp.Write(b)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // it may not even be there
		return fmt.Errorf("keep map: %w", err)
	}
	return nil
}
