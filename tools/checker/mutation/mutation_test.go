package mutation_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthdb/berth/tools/checker/mutation"
)

func TestEachElementIsMissed(t *testing.T) {
	if os.Getenv(mutation.Variable) != "" {
		t.Skip("an element is off in this very run")
	}
	binary := filepath.Join(t.TempDir(), "mutated.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-tags", mutation.Tag, "-c", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, e := range mutation.Elements() {
		t.Run(e.Name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), binary, "-test.run", "^"+e.Test+"$", "-test.v", "-test.timeout", "3m")
			cmd.Env = append(os.Environ(), mutation.Variable+"="+e.Name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Errorf("nobody misses it, though %s:\n%s", e.Without, out)
			} else if !strings.Contains(string(out), "--- FAIL: "+e.Test) {
				t.Errorf("%s did not fail but could not run: %v\n%s", e.Test, err, out)
			} else {
				t.Log(failure(string(out)))
			}
		})
	}
}

// failure is what the test said.
func failure(out string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, "_test.go:") {
			return strings.TrimSpace(line)
		}
	}
	return out
}
