package mysqld

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/berthdb/berth/tools/cache"
)

// nobody is the id that Linux keeps for a user who owns nothing. It need not
// be in the machine's list of users.
const nobody = 65534

// unprivileged is who servers run as: mysqld refuses to run as root. The zero
// value is ourselves.
type unprivileged struct {
	id int // user and group; 0 for ourselves
}

func serverUser() unprivileged {
	if os.Geteuid() == 0 {
		return unprivileged{id: nobody}
	}
	return unprivileged{}
}

func (u unprivileged) credential() *syscall.Credential {
	if u.id == 0 {
		return nil
	}
	return &syscall.Credential{Uid: uint32(u.id), Gid: uint32(u.id)}
}

// own gives the paths to the user.
func (u unprivileged) own(paths ...string) error {
	if u.id == 0 {
		return nil
	}
	var errs []error
	for _, path := range paths {
		errs = append(errs, os.Lchown(path, u.id, u.id))
	}
	return errors.Join(errs...)
}

// canReach refuses a directory that the user could not get to.
func (u unprivileged) canReach(dir string) error {
	if u.id == 0 {
		return nil
	}
	if err := cache.Reachable(dir); err != nil {
		return fmt.Errorf("servers started by root run as user %d: %w", u.id, err)
	}
	return nil
}
