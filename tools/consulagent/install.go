package consulagent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/berthdb/berth/tools/cache"
)

const (
	// Env names the variable that says which consul to run.
	Env = "BERTH_CONSUL"
	// Version is the version that build/go.mod requires.
	Version = "1.22.3"
	// module is the module that holds the folder with build/go.mod.
	module = "github.com/berthdb/berth"
)

// entry is the cache's name for the built program.
const entry = "consul-" + Version

// Find returns the path of a Consul program without building one:
// BERTH_CONSUL, then the PATH, then the cache. With none it is fs.ErrNotExist.
func Find() (string, error) {
	if path := os.Getenv(Env); path != "" {
		if _, err := exec.LookPath(path); err != nil {
			return "", fmt.Errorf("use the Consul that %s names: %w", Env, err)
		}
		return filepath.Abs(path)
	}
	if path, err := exec.LookPath("consul"); err == nil {
		return filepath.Abs(path)
	}
	dir, err := cache.Dir()
	if err != nil {
		return "", err
	}
	if path, ok := cache.Has(dir, entry); ok {
		return filepath.Join(path, "consul"), nil
	}
	return "", fs.ErrNotExist
}

// Ensure is Find, and builds Consul into the cache if there is none. That
// takes minutes; log (nil for none) is told.
func Ensure(ctx context.Context, log *slog.Logger) (string, error) {
	path, err := Find()
	if !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	advice := fmt.Sprintf("put a consul on the PATH, or set %s to one", Env)
	source, err := buildDir()
	if err != nil {
		return "", fmt.Errorf("find a Consul to run: there is none, and %w; %s", err, advice)
	}
	dir, err := cache.Dir()
	if err != nil {
		return "", err
	}
	path, err = cache.Entry(ctx, dir, entry, func(tmp string) error {
		return build(ctx, source, filepath.Join(tmp, "consul"), log)
	})
	if err != nil {
		return "", fmt.Errorf("build Consul into the cache %s: %w; %s", dir, err, advice)
	}
	return filepath.Join(path, "consul"), nil
}

func build(ctx context.Context, source, target string, log *slog.Logger) error {
	start := time.Now()
	log.Info("no Consul on this machine: building it from its module, which takes minutes the first time", "version", Version)
	cmd := exec.CommandContext(ctx, "go", "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", target, "github.com/hashicorp/consul")
	cmd.Dir = source
	// Flags and workspaces meant for our own module would be wrong for this one.
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		out = bytes.TrimSpace(out)
		return fmt.Errorf("go build in %s: %w: %s", source, err, out[max(0, len(out)-2000):])
	}
	log.Info("built Consul", "version", Version, "took", time.Since(start).Round(time.Second).String())
	return nil
}

// buildDir finds the folder of the nested module.
func buildDir() (string, error) {
	var candidates []string
	if at, err := os.Getwd(); err == nil {
		for ; ; at = filepath.Dir(at) {
			text, err := os.ReadFile(filepath.Join(at, "go.mod"))
			if err == nil && bytes.HasPrefix(bytes.TrimSpace(text), []byte("module "+module+"\n")) {
				candidates = append(candidates, filepath.Join(at, "tools", "consulagent", "build"))
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	if _, file, _, ok := runtime.Caller(0); ok {
		candidates = append(candidates, filepath.Join(filepath.Dir(file), "build"))
	}
	for _, dir := range candidates {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("it cannot be built outside the source tree of " + module)
}
