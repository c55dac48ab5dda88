package cache

import (
	"fmt"
	"os"
	"path/filepath"
)

// Reachable reports whether a user who owns nothing on the way can get to
// dir: every directory above it, and dir itself, must be searchable by
// others. The error names the one that is not.
//
// The permission bits are read and not tried, since a process cannot try as
// another user without becoming it; access lists are not looked at.
func Reachable(dir string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("resolve %s: %w", dir, err)
	}
	for at := abs; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Errorf("look at %s: %w", at, err)
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("%s is closed to other users (mode %04o), and %s lies in it", at, info.Mode().Perm(), abs)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}
