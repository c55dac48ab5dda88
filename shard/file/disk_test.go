package file_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/file"
	"github.com/berthdb/berth/shard/storetest"
)

func TestLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	m := first(t, s)
	if err := os.MkdirAll(filepath.Join(dir, "routers"), 0o700); err != nil {
		t.Fatal(err)
	}
	// Of a swap, and of a router that died before its first state was in place.
	for _, name := range []string{".next", "routers/.r1.next", "routers/r1.lock", "routers/r2.json", "routers/r3.json", "routers/r3.lock"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{half a"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	next := storetest.Next(t, m, "x")
	if err := s.Swap(ctx(t), m, next); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".next")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the half-written map is still there: %v", err)
	}
	if list, err := s.Routers(ctx(t)); err != nil || len(list) != 0 {
		t.Errorf("routers: %v, %v", list, err)
	}
	reg, err := s.Register(ctx(t), state("r1"))
	if err != nil {
		t.Fatal(err)
	}
	if list, err := s.Routers(ctx(t)); err != nil || len(list) != 1 {
		t.Errorf("routers: %v, %v", list, err)
	}
	if err := reg.Close(); err != nil {
		t.Error(err)
	}
}

// Files removed by hand are noticed by those whose they were.
func TestFilesRemovedByHand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	reg, err := s.Register(ctx(t), state("r1"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Lock(ctx(t), "job", "me")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, "routers")), os.RemoveAll(filepath.Join(dir, "locks"))); err != nil {
		t.Fatal(err)
	}
	select {
	case <-l.Lost():
	case <-ctx(t).Done():
		t.Fatal("the lock's holder never noticed")
	}
	for limit := ctx(t); ; time.Sleep(20 * time.Millisecond) {
		list, err := s.Routers(ctx(t))
		if err == nil && len(list) == 1 && reg.Held() {
			break
		}
		if limit.Err() != nil {
			t.Fatalf("the router was not announced again: %v, %v", list, err)
		}
	}
	if err := l.Unlock(ctx(t)); err != nil {
		t.Error(err)
	}
}

// A watch follows its directory's name, not the directory it began with.
func TestDirectoryReplaced(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir)
	m := first(t, s)
	tape := storetest.Watch(t, s)
	_, i := tape.Epoch(0, 1)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	e, i := tape.Failure(i)
	if errors.Is(e.Err, shard.ErrNoMap) || !strings.Contains(e.Err.Error(), "mount or restore") {
		t.Errorf("a directory that is gone: %v", e.Err)
	}
	if _, err := s.Register(ctx(t), state("r1")); err == nil {
		t.Error("registered in a directory that is gone")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, i = tape.Wait(i, "that there is no map", func(e shard.Event) bool { return errors.Is(e.Err, shard.ErrNoMap) })
	if err := s.Swap(ctx(t), nil, m); err != nil {
		t.Fatal(err)
	}
	_, i = tape.Epoch(i, 1)
	if err := s.Swap(ctx(t), m, storetest.Next(t, m, "x")); err != nil {
		t.Fatal(err)
	}
	tape.Epoch(i, 2)
}

// asNobody runs fn without root's right to ignore permissions: as the account
// that owns the directory, which is this one unless it is root.
func asNobody(t *testing.T, dir string, fn func()) {
	t.Helper()
	const nobody = 65534
	if os.Geteuid() == 0 {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			return errors.Join(err, os.Chown(path, nobody, nobody))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		if os.Geteuid() == 0 {
			// Of this thread only, which ends with the goroutine that locked it.
			runtime.LockOSThread()
			if err := syscall.Setfsuid(nobody); err != nil {
				t.Error(err)
				return
			}
		}
		fn()
	}()
	<-over
}

func TestReadOnlyDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// The directories above a test's own are closed to others.
	for d := filepath.Dir(dir); os.Geteuid() == 0 && d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	m := first(t, s)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	asNobody(t, dir, func() {
		reader, err := file.Open(file.Config{Dir: dir})
		if err != nil {
			t.Errorf("Open to read: %v", err)
			return
		}
		defer reader.Close()
		if now, err := reader.Load(ctx(t)); err != nil || now.Digest() != m.Digest() {
			t.Errorf("Load: %v", err)
		}
		err = reader.Swap(ctx(t), m, storetest.Next(t, m, "x"))
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "run this as the account") || !strings.Contains(err.Error(), dir) {
			t.Errorf("Swap: %v", err)
		}
		if _, err := reader.Lock(ctx(t), "job", "me"); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Lock: %v", err)
		}
		if _, err := reader.Register(ctx(t), state("r1")); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Register: %v", err)
		}
	})
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "by open")
	s := open(t, dir)
	m := first(t, s)
	if err := s.Swap(ctx(t), m, storetest.Next(t, m, "x")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Register(ctx(t), state("r1")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lock(ctx(t), "job", "me"); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Open(file.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "chmod o-w") {
		t.Errorf("Open of a directory that everybody may write to: %v", err)
	}
}

func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("berth-test", dir, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		t.Skipf("a small file system to fill can't be mounted here (it takes root): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	s, err := file.Open(file.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	m := storetest.Pinned(t, "c1", 5_000)
	if err := s.Swap(ctx(t), nil, m); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the file system does not get full: %v", err)
	}
	next := storetest.Next(t, m, "x")
	if err := s.Swap(ctx(t), m, next); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("Swap on a full disk: %v", err)
	}
	if now, err := s.Load(ctx(t)); err != nil || now.Digest() != m.Digest() {
		t.Errorf("the map after a swap that failed: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.Swap(ctx(t), m, next); err != nil {
		t.Errorf("Swap after space was made: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
