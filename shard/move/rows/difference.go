package rows

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says how a row differs.
type Kind string

const (
	Missing Kind = "missing on the target"
	Extra   Kind = "extra on the target"
	Differs Kind = "differs"
)

// Difference is one row that two servers don't have alike, or one column of it.
// Values are for people: text in quotes where it is text, else hexadecimal, and
// of a long one the part where the two differ.
type Difference struct {
	Table string `json:"table"`
	Key   string `json:"key"` // the primary key: "member_id=7, id=3"
	Kind  Kind   `json:"kind"`
	// Column is of Differs only, like the values; empty if the row is too large
	// for its columns to be looked at.
	Column string `json:"column,omitempty"`
	Source string `json:"source,omitempty"`
	Target string `json:"target,omitempty"`
}

// String is one line for people.
func (d Difference) String() string {
	if d.Column == "" {
		return fmt.Sprintf("table %s, row %s: %s", d.Table, d.Key, d.Kind)
	}
	return fmt.Sprintf("table %s, row %s, column %s: %s on the source, %s on the target", d.Table, d.Key, d.Column, d.Source, d.Target)
}

// window is how many bytes of a long value are shown.
const window = 48

// show makes two values that differ readable.
func (c Column) show(source, target sql.RawBytes) (string, string) {
	at := 0
	for at < len(source) && at < len(target) && source[at] == target[at] {
		at++
	}
	return c.part(source, at), c.part(target, at)
}

// part shows the value, or if it is long the surroundings of that byte.
func (c Column) part(value sql.RawBytes, at int) string {
	if len(value) <= window {
		return c.whole(value)
	}
	from := max(0, min(at-window/4, len(value)-window))
	to := from + window
	if utf8.Valid(value) { // not through the middle of a character
		for from > 0 && !utf8.RuneStart(value[from]) {
			from--
		}
		for to < len(value) && !utf8.RuneStart(value[to]) {
			to++
		}
	}
	return fmt.Sprintf("%s (bytes %d to %d of %d)", c.whole(value[from:to]), from+1, to, len(value))
}

// whole shows the value, without loss.
func (c Column) whole(value sql.RawBytes) string {
	if value == nil {
		return "NULL"
	}
	switch c.kind() {
	case character, document:
		if readable(value) {
			return "'" + strings.ReplaceAll(string(value), "'", "''") + "'"
		}
	case temporal, integer, decimal, float, double, year, numbered, bit:
		return string(value)
	}
	return "0x" + hex.EncodeToString(value)
}

func readable(value []byte) bool {
	return utf8.Valid(value) && !bytes.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
}
