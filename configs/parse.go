package configs

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Parse reads the text of a configuration file. Errors name the line and the
// column, and never repeat what is written there, which may be a password.
func Parse(b []byte) (*Config, error) {
	var c Config
	root, err := document(b)
	if err != nil {
		return nil, err
	}
	if root != nil { // a file of comments has the defaults
		if err := decode(root, &c); err != nil {
			return nil, err
		}
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	return &c, nil
}

// document is the one document of the file, nil for an empty one.
func document(b []byte) (ast.Node, error) {
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		// The parser's error shows the lines around it: take its place and
		// message only.
		var place yaml.Error
		if errors.As(err, &place) && place.GetToken() != nil {
			return nil, at(place.GetToken(), "%s", place.GetMessage())
		}
		return nil, errors.New("this is no YAML")
	}
	var root ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case root != nil:
			return nil, at(doc.Body.GetToken(), "a second document begins here, which nobody would read; keep one")
		default:
			root = doc.Body
		}
	}
	return root, nil
}

// at is an error at the token's place.
func at(tk *token.Token, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if tk == nil || tk.Position == nil {
		return err
	}
	return fmt.Errorf("line %d, column %d: %w", tk.Position.Line, tk.Position.Column, err)
}
