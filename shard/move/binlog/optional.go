package binlog

import "fmt"

// The optional metadata that is read here. The server always sends these,
// whatever its binlog_row_metadata.
const (
	optSignedness     = 1
	optDefaultCharset = 2
	optColumnCharset  = 3
)

// readOptional reads the end of a TABLE_MAP event: fields of a type, a length
// and a value.
func (t *Table) readOptional(b []byte) error {
	c := cursor{rest: b}
	for len(c.rest) > 0 {
		typ := c.uint(1)
		value := c.sized()
		if !c.ok() {
			return fmt.Errorf("%w: optional metadata is cut off", errMalformed)
		}
		var err error
		switch typ {
		case optSignedness:
			err = t.readSigns(value)
		case optDefaultCharset:
			err = t.readDefaultCharset(value)
		case optColumnCharset:
			err = t.readCharsets(value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readSigns reads a bit for each number column, the highest of the first byte
// being the first: 1 for unsigned.
func (t *Table) readSigns(b []byte) error {
	n := 0
	for i := range t.columns {
		if !t.columns[i].isNumber() {
			continue
		}
		if n/8 >= len(b) {
			return fmt.Errorf("%w: signs of %d columns in %d bytes", errMalformed, n+1, len(b))
		}
		t.columns[i].signed = signSigned
		if b[n/8]&(0x80>>(n%8)) != 0 {
			t.columns[i].signed = signUnsigned
		}
		n++
	}
	return nil
}

// readDefaultCharset reads the collation of most character columns, then pairs
// of a place among those columns and the collation there.
func (t *Table) readDefaultCharset(b []byte) error {
	c := cursor{rest: b}
	most := c.packed()
	others := make(map[uint64]uint64)
	for c.ok() && len(c.rest) > 0 {
		at := c.packed()
		others[at] = c.packed()
	}
	if !c.ok() {
		return fmt.Errorf("%w: default collation", errMalformed)
	}
	var n uint64
	for i := range t.columns {
		if !t.columns[i].isCharacters() {
			continue
		}
		t.columns[i].charset = most
		if other, ok := others[n]; ok {
			t.columns[i].charset = other
		}
		n++
	}
	return nil
}

// readCharsets reads the collation of each character column.
func (t *Table) readCharsets(b []byte) error {
	c := cursor{rest: b}
	for i := range t.columns {
		if t.columns[i].isCharacters() {
			t.columns[i].charset = c.packed()
		}
	}
	if !c.ok() || len(c.rest) > 0 {
		return fmt.Errorf("%w: collations of the columns", errMalformed)
	}
	return nil
}
