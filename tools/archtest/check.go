package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Violation is one thing that is not as planned.
type Violation struct {
	Package string // relative to the module
	What    string
}

func (v Violation) String() string { return v.Package + " " + v.What }

// Check holds packages of one module against the tables of rules.go.
func Check(packages []Package) []Violation {
	var found []Violation
	for _, p := range packages {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, p.Module.Path), "/")
		report := func(format string, args ...any) {
			found = append(found, Violation{name, fmt.Sprintf(format, args...)})
		}
		if p.Doc == "" && len(p.GoFiles) > 0 {
			report("has no package comment")
		}
		for _, part := range strings.Split(name, "/") {
			if slices.Contains(nameless, part) {
				report("has the folder name %q, which says nothing", part)
			}
		}
		i := slices.IndexFunc(rules, func(r rule) bool { return covers(r.pkg, name) })
		if i < 0 {
			report("has no line in the table of rules.go: decide there what it may import")
			continue
		}
		r := rules[i]
		checkImports(p, name, p.Imports, r.may, false, report)
		inTests := slices.Concat(r.may, r.tests, everyTest, []string{name})
		checkImports(p, name, slices.Concat(p.TestImports, p.XTestImports), inTests, true, report)
	}
	return found
}

func checkImports(p Package, name string, imports, may []string, test bool, report func(string, ...any)) {
	verb := "imports"
	if test {
		verb = "imports in a test"
	}
	for _, path := range imports {
		if ours, ok := strings.CutPrefix(path, p.Module.Path+"/"); ok {
			if !anyCovers(may, ours) {
				report("%s %s: not in its line of the table", verb, ours)
			}
			continue
		}
		l, ok := libraryOf(path)
		if ok && !anyCovers(l.users, name) && !(test && anyCovers(l.tests, name)) {
			report("%s %s, which is for %s only", verb, path, strings.Join(l.users, ", "))
		}
	}
}

// libraryOf is the line with the longest path that the import begins with.
func libraryOf(path string) (best library, ok bool) {
	for _, l := range libraries {
		if covers(l.path+"/...", path) && len(l.path) > len(best.path) {
			best, ok = l, true
		}
	}
	return best, ok
}

func anyCovers(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return covers(p, name) })
}

// covers tells whether a pattern is the name, or "above/..." it, or "...".
func covers(pattern, name string) bool {
	above, ok := strings.CutSuffix(pattern, "...")
	if !ok {
		return pattern == name
	}
	return strings.HasPrefix(name+"/", above)
}
