package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berthdb/berth/shard/instance"
)

// target is the table as rows are written to it.
type target struct {
	table   string
	columns []string
	member  int   // place of the member column
	key     []int // places of the primary key's columns; nil when the file lacks one
	// careful: the table has unique keys besides a primary key with the member
	// column, so a row may collide with another member's.
	careful bool
}

func newTarget(info instance.TableInfo, l *Layout) (target, error) {
	t := target{table: info.Name, columns: l.Columns, member: l.member, careful: len(info.UniqueKeys) > 0}
	place := func(name string) int {
		return slices.IndexFunc(l.Columns, func(c string) bool { return strings.EqualFold(c, name) })
	}
	for _, name := range info.PrimaryKey {
		i := place(name)
		if i < 0 {
			t.key = nil
			break
		}
		t.key = append(t.key, i)
	}
	t.careful = t.careful || (t.key != nil && !slices.Contains(t.key, l.member))
	for _, c := range info.Columns {
		if c.Generated && place(c.Name) >= 0 {
			return t, fmt.Errorf("column %s of table %s is generated and can't be imported; leave it out (--skip)", c.Name, info.Name)
		}
	}
	return t, nil
}

// idempotent reports whether a row that is written twice is one row.
func (t *target) idempotent() bool { return t.key != nil }

// keys are the names of the columns that a row which is there keeps.
func (t *target) keys() []string {
	names := []string{t.columns[t.member]}
	for _, i := range t.key {
		if i != t.member {
			names = append(names, t.columns[i])
		}
	}
	return names
}

func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// insert is a plain INSERT of that many rows.
func (t *target) insert(rows int) string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = quoteName(c)
	}
	row := "(?" + strings.Repeat(", ?", len(names)-1) + ")"
	return "INSERT INTO " + quoteName(t.table) + " (" + strings.Join(names, ", ") + ") VALUES " + row + strings.Repeat(", "+row, rows-1)
}

// where finds a row by its key, if it is the same member's.
func (t *target) where(values []any) (clause string, args []any) {
	places := t.key
	if !slices.Contains(places, t.member) {
		places = append(slices.Clone(places), t.member)
	}
	var terms []string
	for _, i := range places {
		terms = append(terms, quoteName(t.columns[i])+" = ?")
		args = append(args, values[i])
	}
	return " WHERE " + strings.Join(terms, " AND "), args
}

// update sets what is not key of a row that is there; empty when nothing is.
func (t *target) update(values []any) (statement string, args []any) {
	var set []string
	for i, c := range t.columns {
		if i != t.member && !slices.Contains(t.key, i) {
			set = append(set, quoteName(c)+" = ?")
			args = append(args, values[i])
		}
	}
	if set == nil {
		return "", nil
	}
	where, more := t.where(values)
	return "UPDATE " + quoteName(t.table) + " SET " + strings.Join(set, ", ") + where, append(args, more...)
}
