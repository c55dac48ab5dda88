package mysqld

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// suite is the part of Debian's archive that carries MySQL.
const suite = "sid"

// keyring has the archive's keys on Debian; apt's own are used if it is not
// there.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// archive is apt with a state of its own: another suite can be read without
// touching what the machine's apt knows or has installed.
type archive struct {
	dir  string
	opts []string
}

// newArchive lays out apt's state below dir, for the archive that the machine
// itself is configured with.
func newArchive(ctx context.Context, dir string) (*archive, error) {
	for _, sub := range []string{"lists/partial", "cache/archives/partial", "debs"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("lay out apt's state: %w", err)
		}
	}
	out, err := run(ctx, dir, "apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT) $(CODENAME)", "Created-By: Packages")
	if err != nil {
		return nil, fmt.Errorf("ask apt which archive this machine uses: %w", err)
	}
	base, err := archiveBase(out)
	if err != nil {
		return nil, err
	}
	line := "deb "
	if _, err := os.Stat(keyring); err == nil {
		line += "[signed-by=" + keyring + "] "
	}
	list := filepath.Join(dir, "sources.list")
	if err := os.WriteFile(list, []byte(line+base+" "+suite+" main\n"), 0o644); err != nil {
		return nil, fmt.Errorf("write apt's source list: %w", err)
	}
	a := &archive{dir: dir}
	for _, o := range []string{
		"Dir::Etc::sourcelist=" + list,
		"Dir::Etc::sourceparts=/dev/null",
		"Dir::Etc::preferencesparts=/dev/null",
		"Dir::State::lists=" + filepath.Join(dir, "lists"),
		// No package counts as installed, so the closure is complete.
		"Dir::State::status=/dev/null",
		"Dir::Cache=" + filepath.Join(dir, "cache"),
		"Acquire::Languages=none",
		"Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		"Acquire::Retries=3",
		// The sandbox's user could not write here.
		"APT::Sandbox::User=",
	} {
		a.opts = append(a.opts, "-o", o)
	}
	return a, nil
}

// archiveBase picks the base address out of apt's list of index targets: the
// main component of the machine's release, not of its security updates, which
// are served from another tree.
func archiveBase(targets string) (string, error) {
	for line := range strings.Lines(targets) {
		f := strings.Fields(line)
		if len(f) == 3 && f[1] == "main" && !strings.Contains(f[0]+f[2], "security") {
			return f[0], nil
		}
	}
	return "", errors.New("apt's configuration names no archive with a main component; check /etc/apt/sources.list and sources.list.d")
}

func (a *archive) update(ctx context.Context) error {
	// apt-get update succeeds with a warning when the archive cannot be
	// reached; this asks it to say so.
	_, err := a.apt(ctx, "apt-get", "-o", "APT::Update::Error-Mode=any", "update")
	if err != nil {
		return fmt.Errorf("read the package list of %s: %w", suite, err)
	}
	return nil
}

// closure lists the packages that roots need to run, themselves included.
func (a *archive) closure(ctx context.Context, roots ...string) ([]string, error) {
	args := []string{"depends", "--recurse", "--no-recommends", "--no-suggests",
		"--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances"}
	out, err := a.apt(ctx, "apt-cache", append(args, roots...)...)
	if err != nil {
		return nil, fmt.Errorf("list what MySQL depends on: %w", err)
	}
	packages := dependencies(out)
	if len(packages) < len(roots) {
		return nil, fmt.Errorf("list what MySQL depends on: %s has no %s", suite, strings.Join(roots, ", "))
	}
	return packages, nil
}

// dependencies reads the output of apt-cache depends --recurse: a package
// starts a line, what it depends on is indented below it, virtual packages
// are in angle brackets. Packages that only maintainer scripts need are left
// out; no such script is run.
func dependencies(out string) []string {
	var packages []string
	seen := make(map[string]bool)
	for line := range strings.Lines(out) {
		name := strings.TrimRight(line, "\r\n")
		if name == "" || strings.ContainsAny(name[:1], " |<") || scriptsOnly(name) || seen[name] {
			continue
		}
		seen[name] = true
		packages = append(packages, name)
	}
	return packages
}

func scriptsOnly(name string) bool {
	switch name {
	case "debconf", "debianutils", "dpkg", "tar", "coreutils", "adduser", "perl", "perl-base":
		return true
	}
	return strings.HasPrefix(name, "perl-modules-") || strings.HasPrefix(name, "libperl") || strings.HasPrefix(name, "libgdbm")
}

func (a *archive) download(ctx context.Context, packages []string) ([]string, error) {
	if _, err := a.apt(ctx, "apt-get", append([]string{"download"}, packages...)...); err != nil {
		return nil, fmt.Errorf("fetch the packages of MySQL: %w", err)
	}
	debs, err := filepath.Glob(filepath.Join(a.dir, "debs", "*.deb"))
	if err != nil {
		return nil, err
	}
	if len(debs) != len(packages) {
		return nil, fmt.Errorf("fetch the packages of MySQL: %d came of %d", len(debs), len(packages))
	}
	return debs, nil
}

// apt runs one of apt's programs on the private state. It downloads into the
// directory it is run in.
func (a *archive) apt(ctx context.Context, program string, args ...string) (string, error) {
	return run(ctx, filepath.Join(a.dir, "debs"), program, append(a.opts[:len(a.opts):len(a.opts)], args...)...)
}

// run runs a program in dir and returns its output; its error carries the end
// of what it printed.
func run(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	var out, diag strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := cmd.Run(); err != nil {
		text := strings.TrimSpace(diag.String())
		if text == "" {
			text = strings.TrimSpace(out.String())
		}
		if len(text) > 1000 {
			text = "…" + text[len(text)-1000:]
		}
		return "", fmt.Errorf("%s: %w: %s", program, err, text)
	}
	return out.String(), nil
}
