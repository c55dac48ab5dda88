package proc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// GuardDir makes the directory of a server and its guard. An empty dir means
// a new temporary directory whose name starts with prefix. A directory that
// holds something already is somebody's data: its guard keeps it.
func GuardDir(dir, prefix string) (path string, guard *Guard, err error) {
	path, used, err := makeDir(dir, prefix)
	if err != nil {
		return "", nil, err
	}
	guard, err = NewGuard(path, used)
	if err != nil && !used {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return path, guard, err
}

func makeDir(dir, prefix string) (path string, used bool, err error) {
	if dir == "" {
		path, err = os.MkdirTemp("", prefix)
		return path, false, err
	}
	if path, err = filepath.Abs(dir); err != nil {
		return "", false, fmt.Errorf("resolve %s: %w", dir, err)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", false, err
	}
	entries, err := os.ReadDir(path)
	return path, len(entries) > 0, err
}
