package rows

import (
	"bytes"
	"math"
	"strconv"
)

// A number in a JSON value may be a DECIMAL, as JSON_OBJECT('price', 9.90)
// makes it. Its text, 9.90, read again is a DOUBLE that prints as 9.9. So a
// document with a number that MySQL would print otherwise after reading it is
// "exact", and is written with each such number put in as a DECIMAL.

// isExact reports whether the text of a JSON value has a number that would
// have another text after being read again.
func isExact(doc []byte) bool {
	for i := 0; i < len(doc); {
		switch c := doc[i]; {
		case c == '"':
			i += stringLen(doc[i:])
		case c == '-' || '0' <= c && c <= '9':
			n := numberLen(doc[i:])
			if !printsAlike(doc[i : i+n]) {
				return true
			}
			i += n
		default:
			i++
		}
	}
	return false
}

// stringLen is the length of the string that doc begins with, its quotes
// included.
func stringLen(doc []byte) int {
	for i := 1; i < len(doc); i++ {
		switch doc[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(doc)
}

// numberLen is the length of the number that doc begins with.
func numberLen(doc []byte) int {
	for i, c := range doc {
		switch c {
		case ',', ']', '}', ' ', '\n', '\t', '\r', ':', '"':
			return i
		}
	}
	return len(doc)
}

// printsAlike reports whether MySQL, having read the number from a JSON text,
// prints it the same. It knows only numbers that MySQL has printed.
func printsAlike(number []byte) bool {
	digits := bytes.TrimPrefix(number, []byte("-"))
	switch {
	case bytes.ContainsAny(digits, "eE"):
		return true // nothing but a DOUBLE is printed so
	case !bytes.ContainsRune(digits, '.'):
		if len(digits) < 19 {
			return true
		}
		// An integer beyond 64 bits is read as a DOUBLE.
		if len(digits) < len(number) {
			_, err := strconv.ParseInt(string(number), 10, 64)
			return err == nil
		}
		_, err := strconv.ParseUint(string(digits), 10, 64)
		return err == nil
	}
	f, err := strconv.ParseFloat(string(digits), 64)
	if err != nil || math.IsInf(f, 0) {
		return false
	}
	var buf [400]byte
	return bytes.Equal(appendDouble(buf[:0], f), digits)
}

// appendDouble appends a number that is not negative as MySQL prints a DOUBLE
// in JSON where it prints it with a point and without an exponent: in the
// fewest digits that tell it apart, at least one of them after the point. It
// appends nothing for numbers that MySQL prints with an exponent.
func appendDouble(b []byte, f float64) []byte {
	start := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	whole := len(b) - start
	point := bytes.IndexByte(b[start:], '.')
	if point >= 0 {
		whole = point
	}
	switch {
	case f != 0 && f < 1e-15, point < 0 && whole > 15:
		return b[:start]
	case point < 0:
		return append(b, '.', '0')
	}
	return b
}

// appendExact appends an expression that makes the JSON value of this text
// with its exact numbers.
func appendExact(b, doc []byte) []byte {
	b = append(b, "JSON_SET(_utf8mb4"...)
	b = appendQuoted(b, doc)
	w := exactWalk{doc: doc, out: b, path: []byte("$")}
	w.value()
	return append(w.out, ')')
}

// exactWalk goes through a document and appends a path and a value for each
// number that has to be put in.
type exactWalk struct {
	doc, out, path []byte
}

func (w *exactWalk) value() {
	w.space()
	if len(w.doc) == 0 {
		return
	}
	switch c := w.doc[0]; {
	case c == '{':
		w.elements('}', func(int) {
			w.space()
			n := stringLen(w.doc)
			w.path = append(append(w.path, '.'), w.doc[:n]...)
			w.doc = w.doc[n:]
			w.space()
			w.skip(':')
		})
	case c == '[':
		w.elements(']', func(i int) {
			w.path = append(strconv.AppendInt(append(w.path, '['), int64(i), 10), ']')
		})
	case c == '"':
		w.doc = w.doc[stringLen(w.doc):]
	default: // true, false and null, too
		n := max(numberLen(w.doc), 1) // 1: no JSON value at all
		if c == '-' || '0' <= c && c <= '9' {
			w.number(w.doc[:n])
		}
		w.doc = w.doc[n:]
	}
}

func (w *exactWalk) elements(end byte, step func(i int)) {
	w.doc = w.doc[1:]
	depth := len(w.path)
	for i := 0; ; i++ {
		w.space()
		if len(w.doc) == 0 || w.skip(end) {
			return
		}
		w.skip(',')
		step(i)
		w.value()
		w.path = w.path[:depth]
	}
}

func (w *exactWalk) number(number []byte) {
	if printsAlike(number) {
		return
	}
	w.out = append(w.out, ", _utf8mb4"...)
	w.out = appendQuoted(w.out, w.path)
	w.out = append(w.out, ", "...)
	w.out = appendDecimal(w.out, number)
}

// appendDecimal appends the number as an expression of type DECIMAL of just
// its digits.
func appendDecimal(b, number []byte) []byte {
	digits := bytes.TrimPrefix(number, []byte("-"))
	scale := 0
	if point := bytes.IndexByte(digits, '.'); point >= 0 {
		scale = len(digits) - point - 1
	}
	precision := max(len(bytes.TrimLeft(bytes.ReplaceAll(digits, []byte("."), nil), "0")), scale, 1)
	b = append(b, "CAST('"...)
	b = append(b, number...)
	b = append(b, "' AS DECIMAL("...)
	b = strconv.AppendInt(b, int64(precision), 10)
	b = append(b, ',')
	b = strconv.AppendInt(b, int64(scale), 10)
	return append(b, "))"...)
}

func (w *exactWalk) space() { w.doc = bytes.TrimLeft(w.doc, " \n\t\r") }

func (w *exactWalk) skip(c byte) bool {
	if len(w.doc) > 0 && w.doc[0] == c {
		w.doc = w.doc[1:]
		return true
	}
	return false
}
