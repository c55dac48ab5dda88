package move_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// For each element of the protocol there is a test that passes, and fails when
// the element is switched off. Those for which a router is needed are in
// tools/checker/mutation.
func TestEachElementIsMissed(t *testing.T) {
	if os.Getenv("BERTH_MUTATION") != "" {
		t.Skip("an element is off in this very run")
	}
	dir := t.TempDir()
	for _, e := range []struct{ element, pkg, test, without string }{
		{"checkpoint-compare", ".", "TestOldApplierIsShutOut", "an old applier that wakes up writes old rows over new ones"},
		{"origin-mark", ".", "TestBothStreamsAtOnce", "writes go round between the servers"},
		{"clean-generation", ".", "TestOldCleanerIsShutOut", "a cleaner that wakes up deletes the live copy"},
		{"switch-cas", ".", "TestSwitchAfterAnAbort", "two owners, or a lost write"},
		{"gone", "../instance", "TestKillDuringCommit", "a killed session commits on the old owner after the last position"},
	} {
		t.Run(e.element, func(t *testing.T) {
			binary := filepath.Join(dir, filepath.Base(e.pkg)+".test")
			if _, err := os.Stat(binary); err != nil {
				build := exec.CommandContext(t.Context(), "go", "test", "-tags", "mutate", "-c", "-o", binary, e.pkg)
				if out, err := build.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			cmd := exec.CommandContext(t.Context(), binary, "-test.run", "^"+e.test+"$", "-test.v", "-test.timeout", "2m")
			cmd.Env = append(os.Environ(), "BERTH_MUTATION="+e.element)
			cmd.Dir = e.pkg
			out, err := cmd.CombinedOutput()
			switch {
			case err == nil:
				t.Errorf("nobody misses it, though %s:\n%s", e.without, out)
			case !strings.Contains(string(out), "--- FAIL: "+e.test):
				t.Errorf("%s did not fail but could not run: %v\n%s", e.test, err, out)
			}
		})
	}
}
