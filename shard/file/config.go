package file

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
)

// Config says where the store is.
type Config struct {
	// Dir is the store's directory, made (mode 0700) if it is not there. It
	// has no default.
	Dir string
	// Log is told what the store put right by itself. nil discards.
	Log *slog.Logger
}

// Parse reads a store's URL: file:///DIRECTORY.
func Parse(s string) (Config, error) {
	u, err := url.Parse(s)
	if err != nil {
		return Config{}, fmt.Errorf("store URL: %w; write file:///DIRECTORY", err)
	}
	switch {
	case u.Scheme != "file":
		return Config{}, fmt.Errorf("store URL %q is not a file URL; write file:///DIRECTORY", s)
	case u.Host != "" && u.Host != "localhost":
		return Config{}, fmt.Errorf("store URL %q names the host %q; write file:///DIRECTORY, with three slashes, for a directory of this machine", s, u.Host)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return Config{}, fmt.Errorf("store URL has more than a directory; write file:///DIRECTORY")
	case !filepath.IsAbs(u.Path):
		return Config{}, fmt.Errorf("store URL %q has no absolute directory; write file:///DIRECTORY", s)
	}
	return Config{Dir: filepath.Clean(u.Path)}, nil
}

// Open makes the directory if need be and checks that it can be trusted.
func Open(cfg Config) (*Store, error) {
	if cfg.Dir == "" {
		return nil, errors.New("open file store: no directory is given; set its Dir")
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("open file store %s: %w", cfg.Dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open file store: %w; make the directory, for the account that runs berth, with mode 0700", err)
	}
	if err := checkDir(dir); err != nil {
		return nil, fmt.Errorf("open file store: %w", err)
	}
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Store{dir: dir, log: log, life: newLife(), turn: make(chan struct{}, 1)}, nil
}

func checkDir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory", dir)
	}
	if mode := info.Mode().Perm(); mode&0o002 != 0 {
		return fmt.Errorf("everybody may write to %s (mode %s), so anybody could change the shard map; run chmod o-w %s or choose another directory",
			dir, fs.FileMode(mode), dir)
	}
	return nil
}
