package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Env names the variable that says where the cache is.
const Env = "BERTH_CACHE"

// lockPoll is how often a waiter looks at a lock another process holds. What
// is waited for takes seconds to minutes, so a coarse step costs nothing.
const lockPoll = 100 * time.Millisecond

// Dir is where the cache is: BERTH_CACHE; else /var/cache/berth for root,
// whose home is usually closed to the user that servers run as; else berth in
// the user's own cache directory. The directory is created if it is missing.
func Dir() (string, error) {
	dir, err := place()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("create the cache for servers: %w; set %s to a directory that can be written", err, Env)
	}
	return dir, nil
}

func place() (string, error) {
	if dir := os.Getenv(Env); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("resolve %s=%s: %w", Env, dir, err)
		}
		return abs, nil
	}
	if os.Geteuid() == 0 {
		return "/var/cache/berth", nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the cache of servers: %w; set %s to a directory that can be written", err, Env)
	}
	return filepath.Join(dir, "berth"), nil
}

// Entry returns the path of the entry name below dir, making it first if it
// is not there. The function make fills the folder it is given; when it
// returns nil the folder becomes the entry, in one rename. Whatever processes
// ask at once, make runs in one of them and the others wait for it, or until
// ctx ends.
func Entry(ctx context.Context, dir, name string, make func(tmp string) error) (string, error) {
	path := filepath.Join(dir, name)
	// Entries never change once they are there, so the usual case needs no lock.
	if exists(path) {
		return path, nil
	}

	lock := flock.New(path + ".lock")
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return "", fmt.Errorf("wait for another process that is making %s: %w", path, err)
	}
	defer lock.Close()

	if exists(path) {
		return path, nil
	}
	// Only the holder of the lock makes the folder, so one found now was left
	// by a process that died.
	tmp := path + ".part"
	if err := os.RemoveAll(tmp); err != nil {
		return "", fmt.Errorf("clear what an interrupted run left at %s: %w", tmp, err)
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return "", fmt.Errorf("create %s: %w", tmp, err)
	}
	if err := make(tmp); err != nil {
		return "", errors.Join(err, os.RemoveAll(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return "", fmt.Errorf("put %s into the cache: %w", path, err)
	}
	return path, nil
}

// Has says whether the entry name is there, without making it.
func Has(dir, name string) (string, bool) {
	path := filepath.Join(dir, name)
	return path, exists(path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
