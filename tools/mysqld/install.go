package mysqld

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/berthdb/berth/tools/cache"
)

// Env names the variable that says which mysqld to run.
const Env = "BERTH_MYSQLD"

// prefixEntry is the cache's entry that holds the private copy.
const prefixEntry = "mysql-prefix"

// ErrNotFound says that the machine has no usable MySQL and none is cached.
var ErrNotFound = errors.New("no MySQL 8.0 or later found")

// Install is a MySQL that can be run: on the machine, or a private copy.
type Install struct {
	// Mysqld is the path of the server program.
	Mysqld string
	// Version is what it says it is.
	Version Version

	// prefix is the root of a private copy, which runs with the loader and
	// the libraries below it. Empty for the machine's own.
	prefix string
	loader string
}

// Find looks for a MySQL without fetching one: BERTH_MYSQLD, then the PATH,
// then the private copy in the cache. A named one that is unfit is an error;
// an unfit one on the PATH is passed over. With none, it is ErrNotFound.
func Find(ctx context.Context) (*Install, error) {
	if path := os.Getenv(Env); path != "" {
		in, err := probe(ctx, path, "")
		if err != nil {
			return nil, fmt.Errorf("use the server that %s names: %w", Env, err)
		}
		return in, nil
	}
	var passed error
	for _, path := range onPath() {
		in, err := probe(ctx, path, "")
		if err == nil {
			return in, nil
		}
		passed = errors.Join(passed, err)
	}
	dir, err := cache.Dir()
	if err != nil {
		return nil, err
	}
	if prefix, ok := cache.Has(dir, prefixEntry); ok {
		in, err := probe(ctx, filepath.Join(prefix, "usr/sbin/mysqld"), prefix)
		if err != nil {
			return nil, fmt.Errorf("use the MySQL in the cache: %w; remove %s to have it fetched again", err, prefix)
		}
		return in, nil
	}
	if passed != nil {
		return nil, fmt.Errorf("%w (passed over: %w)", ErrNotFound, passed)
	}
	return nil, ErrNotFound
}

// onPath lists the programs that could be the server. The system directories
// are looked at as well: a user's PATH often lacks them.
func onPath() []string {
	var found []string
	if path, err := exec.LookPath("mysqld"); err == nil {
		found = append(found, path)
	}
	for _, path := range []string{"/usr/sbin/mysqld", "/usr/local/sbin/mysqld"} {
		if _, err := exec.LookPath(path); err == nil && (len(found) == 0 || found[0] != path) {
			found = append(found, path)
		}
	}
	return found
}

// probe asks a server program for its version.
func probe(ctx context.Context, path, prefix string) (*Install, error) {
	in := &Install{Mysqld: path, prefix: prefix}
	if prefix != "" {
		loaders, err := filepath.Glob(filepath.Join(prefix, "usr/lib/*-linux-gnu*/ld-linux*.so.*"))
		if err != nil || len(loaders) == 0 {
			return nil, fmt.Errorf("no loader of the C library below %s", prefix)
		}
		in.loader = loaders[0]
	}
	argv := in.argv(path, "--no-defaults", "--version")
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	if in.Version, err = ParseVersion(string(out)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return in, nil
}

// argv is the command line of a program of this install.
func (in *Install) argv(path string, args ...string) []string {
	if in.prefix == "" {
		return append([]string{path}, args...)
	}
	// The private copy's libraries are newer than the machine's, and must not
	// be mixed with them; its own loader finds its own.
	return append([]string{in.loader, "--library-path", filepath.Dir(in.loader), path}, args...)
}

// serverArgs is the command line of mysqld, with what it needs to find its
// own files.
func (in *Install) serverArgs(args ...string) []string {
	lead := []string{"--no-defaults"}
	if in.prefix != "" {
		usr := filepath.Join(in.prefix, "usr")
		lead = append(lead,
			"--basedir="+usr,
			"--lc-messages-dir="+filepath.Join(usr, "share/mysql"),
			"--character-sets-dir="+filepath.Join(usr, "share/mysql/charsets"),
			"--plugin-dir="+filepath.Join(usr, "lib/mysql/plugin"),
		)
	}
	return in.argv(in.Mysqld, append(lead, args...)...)
}

// Tool returns the command line of a client program that came with the
// server, such as mysql, mysqldump or mysqlbinlog, to put arguments after.
func (in *Install) Tool(name string) ([]string, error) {
	dirs := []string{filepath.Dir(in.Mysqld), filepath.Join(filepath.Dir(filepath.Dir(in.Mysqld)), "bin")}
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return in.argv(path), nil
		}
	}
	if in.prefix == "" {
		if path, err := exec.LookPath(name); err == nil {
			return in.argv(path), nil
		}
	}
	return nil, fmt.Errorf("find the client program %s beside %s: it is not there; install the client package of MySQL %s", name, in.Mysqld, in.Version)
}
