package verdict

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"github.com/berthdb/berth/tools/checker/history"
)

// Rule is what a finding is about.
type Rule string

const (
	Lost       Rule = "lost"       // acknowledged, and not there
	Twice      Rule = "twice"      // one value more than once
	Ghost      Rule = "ghost"      // seen, though it failed or was never written
	Order      Rule = "order"      // a list that did not only grow at its end
	Missing    Rule = "missing"    // a row that was not there
	Counter    Rule = "counter"    // a counter that is not what it counts
	Illegal    Rule = "stale"      // no order of the operations explains the answers
	Undecided  Rule = "undecided"  // the search did not end in its time
	Unfinished Rule = "unfinished" // no final state to judge by
)

// Finding is one broken promise.
type Finding struct {
	Object history.Object
	Rule   Rule
	Text   string

	info *porcupine.LinearizationInfo // of the search, if there was one
}

func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Object, f.Rule, f.Text) }

// Visualize writes the search of the finding as a page for a browser, and
// reports whether there was one.
func (f Finding) Visualize(path string) (bool, error) {
	if f.info == nil {
		return false, nil
	}
	if err := porcupine.VisualizePath(model(), *f.info, path); err != nil {
		return true, fmt.Errorf("write the picture of %s to %s: %w", f.Object, path, err)
	}
	return true, nil
}
