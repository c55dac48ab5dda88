package file

import (
	"errors"
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// held is a file that this process keeps locked. The kernel ends the lock with
// the process.
type held struct {
	path string
	lock *flock.Flock
}

// hold makes and locks the file, without waiting: nil and no error when
// somebody else has it locked.
func hold(path string) (*held, error) {
	for {
		h := &held{path: path, lock: flock.New(path)}
		ok, err := h.lock.TryLock()
		if err != nil || !ok {
			return nil, err
		}
		// Between opening and locking, the file may have been removed by its
		// former holder: the lock is then on a file that nobody else sees.
		if h.current() {
			return h, nil
		}
		if err := h.lock.Close(); err != nil {
			return nil, err
		}
	}
}

// current reports whether the locked file is still the one of that name.
func (h *held) current() bool {
	mine, err := h.lock.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(h.path)
	return err == nil && os.SameFile(mine, now)
}

// release removes the file and then unlocks it, in this order: whoever locks
// it in between finds that it is no longer current.
func (h *held) release() error {
	var err error
	if h.current() {
		err = os.Remove(h.path)
	}
	return errors.Join(err, h.lock.Close())
}

// abandoned reports whether the file is there and nobody keeps it locked, and
// then calls fn while nobody can.
func abandoned(path string, fn func()) (bool, error) {
	probe := flock.New(path, flock.SetFlag(os.O_RDONLY))
	ok, err := probe.TryRLock() // shared, so that two who probe don't see each other as the holder
	if errors.Is(err, fs.ErrNotExist) {
		fn()
		return true, nil
	}
	if err != nil || !ok {
		return false, err
	}
	// Meanwhile another reader may have removed it, and the owner made it anew.
	if h := (&held{path: path, lock: probe}); h.current() {
		fn()
	}
	return true, probe.Close()
}
