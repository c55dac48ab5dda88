package importer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/berthdb/berth/shard"
)

// Layout says which field of the file goes to which column of the table.
type Layout struct {
	Columns []string // of the table, in the order of a row's values

	fields  []int // by column: the field's place in the file, or lineNumber
	width   int   // fields of a row
	header  []string
	member  int // place of the member column in Columns
	members shard.MemberType
	null    *string
}

const lineNumber = -1

// Names is how a layout is asked for.
type Names struct {
	Table      shard.Table       // its line of the catalogue
	Columns    []string          // all columns that the table has
	Map        map[string]string // from a column of the table to one of the file, where the names differ
	Skip       []string          // columns of the file that are not imported
	LineColumn string            // column of the table that gets the line's number; empty: none
	Null       *string           // the text that stands for NULL; nil: no NULL
	Members    shard.MemberType
}

// NewLayout matches the file's header with the table.
func NewLayout(header []string, n Names) (*Layout, error) {
	l := &Layout{width: len(header), header: header, members: n.Members, null: n.Null, member: -1}
	if err := n.check(header); err != nil {
		return nil, err
	}
	from := map[string]string{} // file's column -> table's
	for column, field := range n.Map {
		from[field] = column
	}
	add := func(column string, field int) error {
		i := slices.IndexFunc(n.Columns, func(c string) bool { return strings.EqualFold(c, column) })
		if i < 0 {
			return fmt.Errorf("table %s has no column %s; map it (--map COLUMN=%s) or leave it out (--skip %s)", n.Table.Name, column, column, column)
		}
		if slices.Contains(l.Columns, n.Columns[i]) {
			return fmt.Errorf("column %s of table %s would be filled twice", n.Columns[i], n.Table.Name)
		}
		if strings.EqualFold(column, n.Table.MemberColumn) {
			l.member = len(l.Columns)
		}
		l.Columns, l.fields = append(l.Columns, n.Columns[i]), append(l.fields, field)
		return nil
	}
	for i, name := range header {
		if slices.Contains(n.Skip, name) {
			continue
		}
		column := name
		if mapped, ok := from[name]; ok {
			column = mapped
		}
		if err := add(column, i); err != nil {
			return nil, err
		}
	}
	if n.LineColumn != "" {
		if err := add(n.LineColumn, lineNumber); err != nil {
			return nil, err
		}
	}
	if l.member < 0 {
		return nil, fmt.Errorf("no column of the file is the member column %s of table %s; it has %s: name it with --member-column",
			n.Table.MemberColumn, n.Table.Name, strings.Join(header, ", "))
	}
	if l.fields[l.member] == lineNumber {
		return nil, errors.New("the member column can't be the line's number")
	}
	return l, nil
}

func (n *Names) check(header []string) error {
	seen := map[string]bool{}
	for _, name := range header {
		if name == "" || seen[name] {
			return fmt.Errorf("the file's columns are %q: each needs a name of its own", header)
		}
		if !utf8.ValidString(name) {
			return fmt.Errorf("the file's columns are %q: a name is not valid UTF-8", header)
		}
		seen[name] = true
	}
	for column, field := range n.Map {
		if !seen[field] {
			return fmt.Errorf("--map %s=%s: the file has no column %s; it has %s", column, field, field, strings.Join(header, ", "))
		}
	}
	for _, name := range n.Skip {
		if !seen[name] {
			return fmt.Errorf("--skip %s: the file has no such column; it has %s", name, strings.Join(header, ", "))
		}
	}
	return nil
}

// Row is a record that may be written.
type Row struct {
	Member shard.Member
	Values []any // by Columns
	record Record
}

// Row makes a row of the record, or says why it can't be one.
func (l *Layout) Row(r Record) (Row, string) {
	if r.Problem != "" {
		return Row{}, r.Problem
	}
	if len(r.Fields) != l.width {
		return Row{}, fmt.Sprintf("it has %d fields and the header has %d", len(r.Fields), l.width)
	}
	row := Row{Values: make([]any, len(l.Columns)), record: r}
	for i, place := range l.fields {
		if place == lineNumber {
			row.Values[i] = r.Line
			continue
		}
		text := r.Fields[place]
		if !utf8.ValidString(text) {
			return Row{}, fmt.Sprintf("column %s is not valid UTF-8", l.header[place])
		}
		if i == l.member {
			id, err := l.members.Parse(text)
			if err != nil {
				return Row{}, fmt.Sprintf("column %s: %v", l.header[place], err)
			}
			row.Member, row.Values[i] = id, l.members.Value(id)
			continue
		}
		if l.null != nil && text == *l.null {
			continue // nil is NULL
		}
		row.Values[i] = text
	}
	return row, ""
}
