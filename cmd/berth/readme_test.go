package main

import (
	"os"
	"strings"
	"testing"
)

// TestReadme runs the commands of the README's story of growth, in their
// order, on three servers in the place of those it names, while members read
// and write. ID stands for the job that was started last, or for the first
// that is left.
func TestReadme(t *testing.T) {
	a := newServers(t, "main", "b", "c")
	servers := strings.NewReplacer(
		"10.0.0.1:3306", a.dbs["main"].Addr(), "10.0.0.2:3306", a.dbs["b"].Addr(), "10.0.0.3:3306", a.dbs["c"].Addr())
	lines := storyOf(t, "../../README.md", "## Grow while it is in use")
	if len(lines) < 8 || !strings.HasPrefix(lines[0], "berth init ") {
		t.Fatalf("the story is %q", lines)
	}
	run := func(line string) {
		if strings.Contains(line, "ID") {
			ids := jobID.FindAllString(a.must("job", "list", "--active"), -1)
			if len(ids) == 0 {
				t.Fatalf("no job is left for %q", line)
			}
			id := ids[0]
			if strings.Contains(line, "rollback") {
				id = ids[len(ids)-1]
			}
			line = strings.ReplaceAll(line, "ID", id)
		}
		a.must(strings.Fields(servers.Replace(line))[1:]...)
	}
	run(lines[0])
	a.begin()
	contacts, _ := a.rows(a.current(), "main", "contacts") // the others have no tables yet
	a.underTraffic(func() {
		for _, line := range lines[1:] {
			run(line)
		}
	})
	if got := a.total("contacts", false); got != contacts {
		t.Errorf("in the end there are %d contacts instead of %d", got, contacts)
	}
	for name, o := range ownership(a.current()) {
		if o.ranges == 0 && o.pins == 0 {
			t.Errorf("shard %s owns nothing in the end", name)
		}
	}
}

// storyOf are the berth commands in the shell blocks of a page's section,
// without their comments.
func storyOf(t *testing.T, page, heading string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), heading+"\n")
	if !ok {
		t.Fatalf("%s has no section %q", page, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for i, block := range strings.Split(section, "```") {
		code, isShell := strings.CutPrefix(block, "sh\n")
		if i%2 == 0 || !isShell {
			continue
		}
		for line := range strings.Lines(code) {
			line, _, _ = strings.Cut(line, " #")
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "berth ") {
				lines = append(lines, line)
			}
		}
	}
	return lines
}
