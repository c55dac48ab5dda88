package mysqld

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/berthdb/berth/tools/cache"
	"github.com/berthdb/berth/tools/proc"
)

// initArgs shape the template's files: the smallest redo log, and no
// doublewrite files, which a durable server makes when it starts.
var initArgs = []string{
	"--initialize-insecure",
	"--loose-innodb-redo-log-capacity=8M",
	"--innodb-doublewrite=OFF",
	"--innodb-flush-log-at-trx-commit=0",
	"--innodb-buffer-pool-size=64M",
	"--skip-log-bin",
	"--partial-revokes=ON",
}

// Prepare has everything ready that a first Start would have to make: the
// MySQL of Ensure, and the template of its data directories.
func Prepare(ctx context.Context, log *slog.Logger) (*Install, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	in, err := Ensure(ctx, log)
	if err != nil {
		return nil, err
	}
	if _, err := in.template(ctx, serverUser(), log); err != nil {
		return nil, err
	}
	return in, nil
}

// template returns an initialised data directory of this MySQL, with the
// accounts in it, from the cache. Its name carries the version and a digest of
// what went into it, so that a change here makes a new one.
func (in *Install) template(ctx context.Context, user unprivileged, log *slog.Logger) (string, error) {
	dir, err := cache.Dir()
	if err != nil {
		return "", err
	}
	if err := user.canReach(dir); err != nil {
		return "", fmt.Errorf("use the cache of servers: %w; set %s to a directory that all users can reach", err, cache.Env)
	}
	digest := sha256.Sum256([]byte(in.Mysqld + "\n" + strings.Join(initArgs, "\n") + "\n" + accountsSQL))
	name := fmt.Sprintf("mysql-data-%s-%s", in.Version, hex.EncodeToString(digest[:4]))
	path, err := cache.Entry(ctx, dir, name, func(tmp string) error {
		start := time.Now()
		if err := in.initialise(ctx, tmp, user); err != nil {
			return err
		}
		log.Info("made the template of a data directory", "mysql", in.Version.String(), "took", time.Since(start).Round(time.Millisecond).String())
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("make the template of a data directory for MySQL %s: %w", in.Version, err)
	}
	return filepath.Join(path, "data"), nil
}

func (in *Install) initialise(ctx context.Context, tmp string, user unprivileged) error {
	data := filepath.Join(tmp, "data")
	log := filepath.Join(tmp, "error.log")
	script := filepath.Join(tmp, "accounts.sql")
	err := errors.Join(
		os.Mkdir(data, 0o750),
		os.WriteFile(log, nil, 0o640),
		os.WriteFile(script, []byte(accountsSQL), 0o644),
		user.own(data, log),
	)
	if err != nil {
		return err
	}
	argv := in.serverArgs(append([]string{"--datadir=" + data, "--log-error=" + log, "--init-file=" + script, "--secure-file-priv="}, initArgs...)...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: user.credential()}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initialise %s: %w\n%s%s", data, err, out, proc.Tail(log, 15))
	}
	// Without it each server draws its own UUID at its first start.
	return os.Remove(filepath.Join(data, "auto.cnf"))
}

// copyTree copies a stopped server's data directory. The spare files of the
// redo log, most of its size, are made again on demand.
func copyTree(from, to string, user unprivileged) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case entry.IsDir():
			if err := os.Mkdir(target, 0o750); err != nil {
				return err
			}
		case strings.HasPrefix(entry.Name(), "#ib_redo") && strings.HasSuffix(entry.Name(), "_tmp"):
			return nil
		default:
			if err := copyFile(path, target); err != nil {
				return err
			}
		}
		return user.own(target)
	})
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	// On Linux this is copy_file_range, which shares blocks where the file
	// system can.
	_, err = dst.ReadFrom(src)
	return errors.Join(err, dst.Close())
}
