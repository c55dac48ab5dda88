package archtest_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthdb/berth/tools/archtest"
)

// root is the folder of the module's go.mod.
func root(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

func TestHouse(t *testing.T) {
	packages, err := archtest.List(t.Context(), root(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 10 {
		t.Fatalf("go list finds %d packages: not this module", len(packages))
	}
	found := archtest.Check(packages)
	folders, err := archtest.CheckFolders(root(t))
	if err != nil {
		t.Fatal(err)
	}
	inits, err := archtest.CheckInit(packages)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range append(append(found, folders...), inits...) {
		t.Error(v)
	}
}
