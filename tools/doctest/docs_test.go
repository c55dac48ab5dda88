package doctest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthdb/berth/tools/doctest"
)

// pages are all Markdown files of the module.
func pages(t *testing.T, root string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata"):
			return fs.SkipDir
		case filepath.Ext(path) == ".md":
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func root(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

func TestLinksOfAllPages(t *testing.T) {
	found := pages(t, root(t))
	if len(found) == 0 {
		t.Fatal("no page found")
	}
	for _, path := range found {
		broken, err := doctest.BrokenLinks(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range broken {
			t.Errorf("%s, %s", path, b)
		}
	}
}

func TestSnippetsOfAllPages(t *testing.T) {
	dir := root(t)
	files := map[string]string{}
	for _, path := range pages(t, dir) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range doctest.Snippets(string(text)) {
			code, err := s.File()
			if err != nil {
				t.Errorf("%s, line %d: %v", path, s.Line, err)
				continue
			}
			name, _ := filepath.Rel(dir, path)
			files[fmt.Sprintf("%s_line_%d", strings.NewReplacer("/", "_", ".", "_").Replace(name), s.Line)] = code
		}
	}
	if len(files) == 0 {
		t.Skip("no page has a Go snippet")
	}
	if out, err := compile(t.Context(), dir, t.TempDir(), files); err != nil {
		t.Errorf("the snippets don't compile (%v):\n%s", err, out)
	}
}

// compile builds each file as a package of its own inside the module, which
// it enters by an overlay: nothing is written to the clone.
func compile(ctx context.Context, root, tmp string, files map[string]string) ([]byte, error) {
	overlay := map[string]string{}
	args := []string{"build", "-o", os.DevNull, "-overlay", filepath.Join(tmp, "overlay.json")}
	for name, code := range files {
		real := filepath.Join(tmp, name+".go")
		if err := os.WriteFile(real, []byte(code), 0o644); err != nil {
			return nil, err
		}
		overlay[filepath.Join(root, "tools/doctest/snippets", name, "snippet.go")] = real
		args = append(args, "./tools/doctest/snippets/"+name)
	}
	b, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(tmp, "overlay.json"), b, 0o644); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	return cmd.CombinedOutput()
}
