package rows

import (
	"database/sql/driver"
	"fmt"
	"strconv"
)

// appendText appends a value as the driver gives it, in the text that the
// server printed: the driver turns numbers of the text protocol into Go's, and
// they go back without loss. NULL and times are not among the values.
func appendText(b []byte, k kind, v driver.Value) []byte {
	switch v := v.(type) {
	case []byte:
		return append(b, v...)
	case int64:
		if k == year { // four digits, as 0 or 00 would be 2000
			return fmt.Appendf(b, "%04d", v)
		}
		return strconv.AppendInt(b, v, 10)
	case uint64:
		return strconv.AppendUint(b, v, 10)
	case float64:
		return strconv.AppendFloat(b, v, 'e', -1, 64)
	}
	return fmt.Append(b, v)
}

// mustEscape marks the bytes that mean something else in a field of LOAD DATA.
var mustEscape = [256]byte{'\\': '\\', '\t': 't', '\n': 'n', 0: '0'}

// appendField appends bytes as a field of LOAD DATA.
func appendField(b, v []byte) []byte { return appendEscaped(b, v, &mustEscape) }

// mustEscapeQuoted marks those of a quoted literal.
var mustEscapeQuoted = [256]byte{'\\': '\\', '\'': '\'', 0: '0', '\n': 'n', '\r': 'r', 0x1a: 'Z'}

// appendQuoted appends bytes as a quoted literal, for sessions without
// NO_BACKSLASH_ESCAPES whose character set is utf8mb4: there no byte of a
// character of several bytes is one of the marked ones.
func appendQuoted(b, v []byte) []byte {
	return append(appendEscaped(append(b, '\''), v, &mustEscapeQuoted), '\'')
}

func appendEscaped(b, v []byte, escape *[256]byte) []byte {
	from := 0
	for i, c := range v {
		if e := escape[c]; e != 0 {
			b = append(b, v[from:i]...)
			b = append(b, '\\', e)
			from = i + 1
		}
	}
	return append(b, v[from:]...)
}
