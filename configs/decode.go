package configs

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decode fills in c. It walks the tree itself, because a general decoder is
// too kind for a file that holds passwords: it would read password: 0123 as
// the number 83, and show the lines around a mistake.
func decode(n ast.Node, c *Config) error {
	return decodeInto(n, reflect.ValueOf(c).Elem(), "")
}

// decodeInto sets v, whose key is the dotted path, to what the node says.
func decodeInto(n ast.Node, v reflect.Value, path string) error {
	if n.Type() == ast.NullType {
		return nil // a key without a value is as good as none
	}
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		s, tk, err := scalar(n, path)
		if err == nil {
			if err = text.UnmarshalText([]byte(s)); err != nil {
				err = at(tk, "%s: %w", path, err)
			}
		}
		return err
	}
	switch v.Kind() {
	case reflect.Struct:
		return decodeSection(n, v, path)
	case reflect.Map:
		return decodeOptions(n, v, path)
	}
	s, tk, err := scalar(n, path)
	if err != nil {
		return err
	}
	switch v.Kind() {
	case reflect.String:
		// YAML reads 0123, 1e3 and true as other things than their text.
		if t := n.Type(); t != ast.StringType && t != ast.LiteralType {
			return at(tk, "%s has to be a text, and YAML reads this as something else; put it in quotes", path)
		}
		v.SetString(s)
	case reflect.Int:
		i, err := strconv.Atoi(s)
		if err != nil || n.Type() != ast.IntegerType {
			return at(tk, "%s has to be a whole number", path)
		}
		v.SetInt(int64(i))
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			return at(tk, "%s has to be true or false", path)
		}
		v.SetBool(b.Value)
	}
	return nil
}

// decodeSection reads a mapping whose keys are the fields' names.
func decodeSection(n ast.Node, v reflect.Value, path string) error {
	known := map[string]reflect.Value{}
	names := fields(v, known)
	return eachKey(n, path, func(key string, tk *token.Token, value ast.Node) error {
		field, ok := known[key]
		if !ok {
			where := "here"
			if path != "" {
				where = "in " + path
			}
			return at(tk, "unknown key %q %s; %s", key, where, Suggest(key, names))
		}
		return decodeInto(value, field, dotted(path, key))
	})
}

// fields lists the keys of a section in their order, and where each goes.
func fields(v reflect.Value, into map[string]reflect.Value) (names []string) {
	for i := range v.NumField() {
		name, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			names = append(names, fields(v.Field(i), into)...)
		case name != "":
			into[name] = v.Field(i)
			names = append(names, name)
		}
	}
	return names
}

// decodeOptions reads the MySQL driver's options, each as its text.
func decodeOptions(n ast.Node, v reflect.Value, path string) error {
	options := map[string]any{}
	err := eachKey(n, path, func(key string, tk *token.Token, value ast.Node) error {
		s, _, err := scalar(value, dotted(path, key))
		if err != nil {
			return err
		}
		if err := checkOption(key, s); err != nil {
			return at(tk, "%s: %w", path, err)
		}
		options[key] = s
		return nil
	})
	v.Set(reflect.ValueOf(options))
	return err
}

// eachKey goes through a mapping.
func eachKey(n ast.Node, path string, fn func(key string, tk *token.Token, value ast.Node) error) error {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		if path == "" {
			path = "the configuration"
		}
		return at(n.GetToken(), "%s has to be keys with their values (KEY: VALUE)", path)
	}
	for _, kv := range values {
		key, ok := kv.Key.(*ast.StringNode)
		if !ok {
			return at(kv.Key.GetToken(), "a key has to be a plain word")
		}
		if err := fn(key.Value, key.GetToken(), kv.Value); err != nil {
			return err
		}
	}
	return nil
}

// scalar is the text of a single value as it is written.
func scalar(n ast.Node, path string) (string, *token.Token, error) {
	tk := n.GetToken()
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, tk, nil
	case *ast.LiteralNode:
		return n.Value.Value, tk, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return tk.Value, tk, nil
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return "", tk, at(tk, "%s is an anchor, an alias or a tag; write the value itself", path)
	}
	return "", tk, at(tk, "%s has to be a single value", path)
}

func dotted(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
