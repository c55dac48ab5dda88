package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// CheckFolders reports folders at the top of the module that the plan lacks.
func CheckFolders(root string) ([]Violation, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("look at the top level: %w", err)
	}
	var found []Violation
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(folders, e.Name()) {
			found = append(found, Violation{e.Name(), "is a folder that the top level does not have"})
		}
	}
	return found, nil
}

// mayInit is for the one package that is imported for its effect: database/sql
// knows a driver by what its init registers.
func mayInit(p Package) bool { return p.ImportPath == p.Module.Path+"/router/driver" }

// CheckInit reports init functions: what a package does when it is merely
// imported, nobody asked for.
func CheckInit(packages []Package) ([]Violation, error) {
	var found []Violation
	for _, p := range packages {
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, fmt.Errorf("look for init functions in %s: %w", path, err)
			}
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" && !mayInit(p) {
					found = append(found, Violation{p.ImportPath, "has an init function in " + name})
				}
			}
		}
	}
	return found, nil
}
