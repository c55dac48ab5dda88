package mysqld

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/berthdb/berth/tools/cache"
)

// Ensure finds a MySQL as Find does, and fetches a private copy into the cache
// if there is none. A fetch needs Debian's apt and takes half a minute; log
// (nil for none) is told of its steps.
func Ensure(ctx context.Context, log *slog.Logger) (*Install, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	in, err := Find(ctx)
	if !errors.Is(err, ErrNotFound) {
		return in, err
	}
	advice := fmt.Sprintf("install MySQL 8.0 or later, or set %s to its mysqld", Env)
	if ok, why := canFetch(); !ok {
		return nil, fmt.Errorf("find a MySQL to run: %w, and none can be fetched: %s; %s", err, why, advice)
	}
	dir, err := cache.Dir()
	if err != nil {
		return nil, err
	}
	// Said before the fetch and not after it.
	if err := serverUser().canReach(dir); err != nil {
		return nil, fmt.Errorf("fetch MySQL into the cache: %w; set %s to a directory that all users can reach", err, cache.Env)
	}
	_, err = cache.Entry(ctx, dir, prefixEntry, func(tmp string) error {
		return fetch(ctx, tmp, log)
	})
	if err != nil {
		return nil, fmt.Errorf("fetch MySQL into the cache %s: %w; %s", dir, err, advice)
	}
	return Find(ctx)
}

// canFetch says whether this is a machine whose archive carries MySQL.
// Ubuntu has apt too, but packages MySQL in every release: there the package
// is the better answer.
func canFetch() (bool, string) {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil || !strings.Contains("\n"+string(release), "\nID=debian\n") {
		return false, "this is not Debian"
	}
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			return false, tool + " is missing"
		}
	}
	return true, ""
}

// fetch fills prefix with MySQL and all that it links to.
func fetch(ctx context.Context, prefix string, log *slog.Logger) error {
	start := time.Now()
	work := filepath.Join(prefix, ".fetch")
	a, err := newArchive(ctx, work)
	if err != nil {
		return err
	}
	log.Info("no MySQL on this machine: fetching a private copy", "into", filepath.Dir(prefix), "suite", suite)
	if err := a.update(ctx); err != nil {
		return err
	}
	packages, err := a.closure(ctx, "mysql-server-core", "mysql-client-core")
	if err != nil {
		return err
	}
	log.Info("fetching the packages of MySQL", "count", len(packages))
	debs, err := a.download(ctx, packages)
	if err != nil {
		return err
	}
	log.Info("unpacking MySQL", "packages", len(debs))
	for _, deb := range debs {
		if _, err := run(ctx, work, "dpkg", "-x", deb, prefix); err != nil {
			return fmt.Errorf("unpack %s: %w", filepath.Base(deb), err)
		}
	}
	if err := prune(prefix); err != nil {
		return err
	}
	in, err := probe(ctx, filepath.Join(prefix, "usr/sbin/mysqld"), prefix)
	if err != nil {
		return err
	}
	log.Info("fetched MySQL", "version", in.Version.String(), "took", time.Since(start).Round(time.Second).String())
	return nil
}

// prune removes what no server and no client program here needs: more than a
// third of the copy.
func prune(prefix string) error {
	errs := []error{os.RemoveAll(filepath.Join(prefix, ".fetch"))}
	for _, dir := range []string{"usr/share/doc", "usr/share/man", "usr/share/locale", "etc"} {
		errs = append(errs, os.RemoveAll(filepath.Join(prefix, dir)))
	}
	keep := map[string]bool{"mysql": true, "mysqladmin": true, "mysqlbinlog": true, "mysqldump": true, "mysqlslap": true}
	bin := filepath.Join(prefix, "usr/bin")
	programs, err := os.ReadDir(bin)
	errs = append(errs, err)
	for _, p := range programs {
		if !keep[p.Name()] {
			errs = append(errs, os.RemoveAll(filepath.Join(bin, p.Name())))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove what is not needed from %s: %w", prefix, err)
	}
	return nil
}
