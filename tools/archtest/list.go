package archtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// Package is what `go list` tells of one package.
type Package struct {
	ImportPath   string
	Dir          string
	Doc          string // first sentence of its documentation
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Module       struct{ Path, Dir string }
}

// List reads the packages of the module that the directory belongs to.
func List(ctx context.Context, dir string) ([]Package, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-json=ImportPath,Dir,Doc,GoFiles,Imports,TestImports,XTestImports,Module", "./...")
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages below %s: %w: %s", dir, err, stderr.Bytes())
	}
	var all []Package
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p Package
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("read what go list tells of %s: %w", dir, err)
		}
		all = append(all, p)
	}
}
