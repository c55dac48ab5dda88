package doctest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// Snippet is one block of Go code in a Markdown file.
type Snippet struct {
	Line  int    // of its first line of code, from 1
	Given string // parameters that the comment before it declares
	Code  string
}

// Snippets are the blocks fenced as go, in order.
func Snippets(markdown string) []Snippet {
	var all []Snippet
	var given string
	var open *Snippet // the block that is being read
	fenced := false   // inside a block of another language
	for i, line := range strings.Split(markdown, "\n") {
		mark := strings.TrimSpace(line)
		switch {
		case open != nil && mark == "```":
			all, open = append(all, *open), nil
		case open != nil:
			open.Code += line + "\n"
		case fenced:
			fenced = mark != "```"
		case mark == "```go":
			open, given = &Snippet{Line: i + 2, Given: given}, ""
		case strings.HasPrefix(mark, "```"):
			fenced, given = true, ""
		case strings.HasPrefix(mark, "<!-- given:"):
			given = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(mark, "<!-- given:"), "-->"))
		case mark != "":
			given = "" // it belongs to the block right after it only
		}
	}
	return all
}

// known are the packages that a snippet may use without importing them.
var known = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "log": "log", "slog": "log/slog",
	"os": "os", "sql": "database/sql", "time": "time",
	"shard": module + "/shard", "consul": module + "/shard/consul", "file": module + "/shard/file",
	"instance": module + "/shard/instance", "move": module + "/shard/move", "router": module + "/router",
	"scope": module + "/router/scope", "driver": module + "/router/driver", "configs": module + "/configs",
}

const module = "github.com/berthdb/berth"

// File makes a whole Go file of the snippet.
func (s Snippet) File() (string, error) {
	imports, body := splitImports(s.Code)
	var code string
	switch {
	case strings.HasPrefix(strings.TrimSpace(body), "package "):
		return s.Code, nil
	case parses("package p\n" + body):
		code = body
	default:
		params := "ctx context.Context"
		if s.Given != "" {
			params += ", " + s.Given
		}
		code = fmt.Sprintf("func _(%s) error {\n%s%sreturn nil\n}\n", params, body, uses(body))
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", "package snippet\n"+imports+code, 0)
	if err != nil {
		return "", fmt.Errorf("the snippet is neither a file, nor declarations, nor statements: %w", err)
	}
	for _, path := range missing(file) {
		imports += fmt.Sprintf("import %q\n", path)
	}
	return "package snippet\n\n" + imports + "\n" + code, nil
}

// splitImports takes the import declarations off the top.
func splitImports(code string) (imports, rest string) {
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+code, parser.ImportsOnly)
	if err != nil || len(file.Decls) == 0 {
		return "", code
	}
	end := int(file.Decls[len(file.Decls)-1].End()) - 1 - len("package p\n")
	return code[:end] + "\n", strings.TrimLeft(code[end:], "\n")
}

func parses(code string) bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", code, 0)
	return err == nil
}

// uses makes a use of each variable that the statements set at their top level,
// which the compiler would refuse without one.
func uses(body string) string {
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() {\n"+body+"}\n", 0)
	if err != nil {
		return ""
	}
	var out strings.Builder
	for _, stmt := range file.Decls[0].(*ast.FuncDecl).Body.List {
		assign, ok := stmt.(*ast.AssignStmt)
		if !ok || assign.Tok != token.DEFINE {
			continue
		}
		for _, x := range assign.Lhs {
			if id, ok := x.(*ast.Ident); ok && id.Name != "_" {
				fmt.Fprintf(&out, "_ = %s\n", id.Name)
			}
		}
	}
	return out.String()
}

// missing are the import paths of known packages that the file uses only.
func missing(file *ast.File) []string {
	have := map[string]bool{}
	for _, spec := range file.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		have[path] = true
	}
	var paths []string
	for _, id := range file.Unresolved {
		path, ok := known[id.Name]
		if ok && !have[path] && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return paths
}
