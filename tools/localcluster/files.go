package localcluster

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/gofrs/flock"
)

// The names of what lies in a cluster's directory.
const (
	recordFile = "cluster.json"
	configFile = "berth.yaml"
	lockFile   = ".lock"
	rootSecret = "root.password"
	appSecret  = "app.password"
	mapDir     = "map"
	cacheDir   = "cache"
	consulDir  = "consul"
)

// lockDir keeps two programs from starting or stopping one cluster at once.
func lockDir(dir string) (*flock.Flock, error) {
	lock := flock.New(filepath.Join(dir, lockFile))
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the cluster's directory: %w", err)
	}
	if !got {
		return nil, errors.Join(fmt.Errorf("another program is starting or stopping the cluster in %s; try again when it has ended", dir), lock.Close())
	}
	return lock, nil
}

// claim makes the directory and locks it, and says whether it holds something
// already. The order matters: whoever finds the directory empty without having
// the lock might remove it from under the one who has.
func claim(spec *Spec) (lock *flock.Flock, used bool, err error) {
	if spec.Dir == "" {
		spec.Dir, err = os.MkdirTemp("", "berth-cluster-")
	} else if spec.Dir, err = filepath.Abs(spec.Dir); err == nil {
		err = os.MkdirAll(spec.Dir, 0o755)
	}
	if err != nil {
		return nil, false, err
	}
	if lock, err = lockDir(spec.Dir); err != nil {
		return nil, false, err
	}
	other, err := content(spec.Dir)
	if err != nil {
		return nil, false, errors.Join(err, lock.Close())
	}
	return lock, other != "", nil
}

// usable refuses a directory that holds something other than a cluster.
func usable(dir string) error {
	other, err := content(dir)
	if err == nil && other != "" {
		err = fmt.Errorf("start a cluster in %s: it is not empty and holds no cluster (there is %s); choose another directory", dir, other)
	}
	return err
}

// content names one thing that lies in the directory beside the lock; empty
// for none.
func content(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("look into %s: %w", dir, err)
	}
	for _, e := range entries {
		if e.Name() != lockFile {
			return e.Name(), nil
		}
	}
	return "", nil
}

// secret reads a password, or draws a new one and writes it down.
func secret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	password := rand.Text()
	return password, os.WriteFile(path, []byte(password+"\n"), 0o600)
}

// account is a part of berth.yaml.
type account struct {
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
}

// router is a part of berth.yaml.
type router struct {
	CacheDir string `yaml:"cache_dir"`
}

// writeConfig writes the configuration with which berth works here.
func writeConfig(dir, store, appUser, rootUser string) error {
	text, err := yaml.Marshal(struct {
		Store  string  `yaml:"store"`
		MySQL  account `yaml:"mysql"`
		Admin  account `yaml:"admin"`
		Router router  `yaml:"router"`
	}{
		Store: store,
		MySQL: account{appUser, filepath.Join(dir, appSecret)},
		Admin: account{rootUser, filepath.Join(dir, rootSecret)},
		// Not the user's own cache, which would keep the map of every cluster.
		Router: router{CacheDir: filepath.Join(dir, cacheDir)},
	})
	if err != nil {
		return err
	}
	const head = "# A development cluster. mysql is the account that applications are routed\n" +
		"# with; admin is the one with which berth creates and changes things.\n"
	if err := os.WriteFile(filepath.Join(dir, configFile), append([]byte(head), text...), 0o644); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

func fileURL(dir string) string { return (&url.URL{Scheme: "file", Path: dir}).String() }
