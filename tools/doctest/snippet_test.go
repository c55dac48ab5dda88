package doctest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthdb/berth/tools/doctest"
)

func TestSnippets(t *testing.T) {
	text := strings.ReplaceAll(`# Page
'''sh
'''
'''go
package main
'''
<!-- given: id shard.Member -->

'''go
k := id.KeyspaceID()
'''
<!-- given: id shard.Member -->
Text between.
'''go
type T int
'''
'''text
'''go is not a block here
'''
`, "'''", "```")
	got := doctest.Snippets(text)
	want := []doctest.Snippet{
		{Line: 5, Code: "package main\n"},
		{Line: 10, Given: "id shard.Member", Code: "k := id.KeyspaceID()\n"},
		{Line: 15, Code: "type T int\n"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d snippets: %+v", len(got), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("snippet %d is %+v, not %+v", i, got[i], want[i])
		}
	}
}

// Each of these snippets alone is compiled, and must fail where it says so.
func TestCompile(t *testing.T) {
	for _, tc := range []struct {
		name string
		s    doctest.Snippet
		err  string
	}{
		{"file", doctest.Snippet{Code: "package main\n\nfunc main() {}\n"}, ""},
		{"declarations", doctest.Snippet{Code: "func home(m *shard.Map) shard.Home {\n\th, _ := m.Home(shard.Int(42))\n\treturn h\n}\n"}, ""},
		{"statements", doctest.Snippet{Given: "m *shard.Map", Code: "home, err := m.Home(shard.Int(42))\nif err != nil {\n\treturn err\n}\nfmt.Println(home.Shard.Name)\nlater := time.Now()\n"}, ""},
		{"imports of its own", doctest.Snippet{Code: "import \"github.com/berthdb/berth/shard\"\n\nid := shard.Int(42)\n"}, ""},
		{"imports in a block", doctest.Snippet{Code: "import (\n\t\"fmt\"\n\n\tberth \"github.com/berthdb/berth/shard\"\n)\n\nfmt.Println(berth.Int(42))\n"}, ""},
		{"no such function", doctest.Snippet{Code: "id := shard.Integer64(42)\n"}, "undefined: shard.Integer64"},
		{"wrong type", doctest.Snippet{Code: "id := shard.Int(\"42\")\n"}, "cannot use"},
		{"not given", doctest.Snippet{Code: "id := m.Home(shard.Int(42))\n"}, "undefined: m"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, err := tc.s.File()
			if err != nil {
				t.Fatal(err)
			}
			out, err := compile(t.Context(), root(t), t.TempDir(), map[string]string{"planted": code})
			if (err == nil) != (tc.err == "") || !strings.Contains(string(out), tc.err) {
				t.Errorf("%v: %s\n%s", err, out, code)
			}
		})
	}
	if code, err := (doctest.Snippet{Code: "this is no Go\n"}).File(); err == nil {
		t.Errorf("made into a file: %s", code)
	}
}

func TestBrokenLinks(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("other.md", "# Other page\n\n## What it does, and `how`\n\n```\n# not a heading\n```\n")
	path := write("page.md", strings.ReplaceAll(`# Page
[a](other.md) [b](other.md#what-it-does-and-how) [c](#page) [d](https://example.com/x) [e](.)
[f](gone.md) [g](other.md#gone) [h](#gone)
[i](other.md#not-a-heading) '[j](code.md)'
'''
[k](code.md)
'''
`, "'", "`"))
	got, err := doctest.BrokenLinks(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"line 3: the link gone.md leads nowhere",
		"line 3: the link other.md#gone leads to a heading that is not there",
		"line 3: the link #gone leads to a heading that is not there",
		"line 4: the link other.md#not-a-heading leads to a heading that is not there",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("broken:\n%s", strings.Join(got, "\n"))
	}
}
