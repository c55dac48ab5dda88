package archtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthdb/berth/tools/archtest"
)

// Violations are planted, one at a time, and must be found.
func TestCheckFindsWhatIsPlanted(t *testing.T) {
	ours := func(names ...string) (paths []string) {
		for _, n := range names {
			paths = append(paths, "example.com/m/"+n)
		}
		return paths
	}
	for _, tc := range []struct {
		name  string
		pkg   string
		alter func(*archtest.Package)
		want  string // empty: it is as planned
	}{
		{"as planned", "router", func(p *archtest.Package) { p.Imports = append(ours("shard", "shard/instance", "router/scope"), "fmt") }, ""},
		{"the domain knows the network", "shard", func(p *archtest.Package) { p.Imports = ours("shard/consul") }, "shard imports shard/consul: not in its line"},
		{"router knows the mover", "router", func(p *archtest.Package) { p.Imports = ours("shard/move") }, "router imports shard/move: not in its line"},
		{"the mover knows the router", "shard/move", func(p *archtest.Package) { p.Imports = ours("router") }, "shard/move imports router: not in its line"},
		{"they meet in a test", "shard/move", func(p *archtest.Package) { p.XTestImports = ours("router") }, "shard/move imports in a test router"},
		{"below a pattern", "schema/lint", func(p *archtest.Package) { p.Imports = ours("schema", "router") }, "schema/lint imports router"},
		{"a pattern's neighbour", "schematic", nil, "schematic has no line in the table"},
		{"a package nobody planned", "shard/cache", nil, "shard/cache has no line in the table"},
		{"a command joins all", "cmd/berth", func(p *archtest.Package) { p.Imports = ours("router", "shard/move", "schema") }, ""},
		{"a product package needs a tool", "router", func(p *archtest.Package) { p.Imports = ours("tools/mysqld") }, "router imports tools/mysqld"},
		{"a test needs a tool", "router", func(p *archtest.Package) { p.XTestImports = ours("router", "tools/mysqld", "shard/consul") }, ""},
		{"an import inside the package's tests", "shard", func(p *archtest.Package) { p.TestImports = ours("router") }, "shard imports in a test router"},

		{"the parser's owner", "router/scope", func(p *archtest.Package) { p.Imports = []string{"vitess.io/vitess/go/vt/sqlparser"} }, ""},
		{"another one", "router", func(p *archtest.Package) { p.Imports = []string{"vitess.io/vitess/go/vt/sqlparser"} }, "sqlparser, which is for router/scope only"},
		{"another part of Vitess", "router/scope", func(p *archtest.Package) { p.Imports = []string{"vitess.io/vitess/go/vt/key"} }, "imports vitess.io/vitess/go/vt/key"},
		{"in the test that may", "shard", func(p *archtest.Package) { p.XTestImports = []string{"vitess.io/vitess/go/vt/key"} }, ""},
		{"in the code beside it", "shard", func(p *archtest.Package) { p.Imports = []string{"vitess.io/vitess/go/vt/key"} }, "imports vitess.io/vitess/go/vt/key"},
		{"a later major version", "router", func(p *archtest.Package) { p.Imports = []string{"github.com/cespare/xxhash/v2"} }, "which is for shard only"},

		{"no package comment", "shard", func(p *archtest.Package) { p.Doc = "" }, "shard has no package comment"},
		{"tests alone need none", "shard", func(p *archtest.Package) { p.Doc, p.GoFiles = "", nil }, ""},
		{"a name that says nothing", "tools/utils", nil, `the folder name "utils"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := archtest.Package{ImportPath: ours(tc.pkg)[0], Doc: "Package x is here.", GoFiles: []string{"x.go"}}
			p.Module.Path = "example.com/m"
			if tc.alter != nil {
				tc.alter(&p)
			}
			var lines []string
			for _, v := range archtest.Check([]archtest.Package{p}) {
				lines = append(lines, v.String())
			}
			got := strings.Join(lines, "\n")
			if (tc.want == "") != (got == "") || !strings.Contains(got, tc.want) {
				t.Errorf("found %q; want %q", got, tc.want)
			}
		})
	}
}

func TestCheckFoldersFindsWhatIsPlanted(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"shard", ".git", "internal"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	found, err := archtest.CheckFolders(dir)
	if err != nil || len(found) != 1 || found[0].Package != "internal" {
		t.Errorf("found %v (%v)", found, err)
	}
}

func TestCheckInitFindsWhatIsPlanted(t *testing.T) {
	dir := t.TempDir()
	const code = "package x\n\ntype t struct{}\n\nfunc (t) init() {}\n\nfunc init() {}\n"
	if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	found, err := archtest.CheckInit([]archtest.Package{{ImportPath: "x", Dir: dir, GoFiles: []string{"x.go"}}})
	if err != nil || len(found) != 1 || found[0].String() != "x has an init function in x.go" {
		t.Errorf("found %v (%v)", found, err)
	}
}
