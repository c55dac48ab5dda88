package binlog

import (
	"bytes"
	"fmt"
)

// Table is what the binlog says of a table besides its rows. One that comes
// unchanged again is the same pointer, within one Stream.
type Table struct {
	Database, Name string

	columns []column
	flags   uint16
	// shape is the TABLE_MAP event from the number of columns on, as the
	// target's server will want it.
	shape []byte
	// described is that event's whole body.
	described []byte
}

// column is how a column's values are laid out.
type column struct {
	typ     byte   // with the real type of what the protocol calls STRING
	meta    int    // bytes of a length, digits, bits: by type
	scale   int    // decimal digits after the point
	signed  sign   // of numbers
	charset uint64 // the collation's id, of characters; 0: not told
}

type sign uint8

const (
	signUnknown sign = iota
	signSigned
	signUnsigned
)

// The column types that a binlog can have.
const (
	typTiny       = 1
	typShort      = 2
	typLong       = 3
	typFloat      = 4
	typDouble     = 5
	typNull       = 6
	typTimestamp  = 7
	typLongLong   = 8
	typInt24      = 9
	typDate       = 10
	typTime       = 11
	typDatetime   = 12
	typYear       = 13
	typNewDate    = 14
	typVarchar    = 15
	typBit        = 16
	typTimestamp2 = 17
	typDatetime2  = 18
	typTime2      = 19
	typVector     = 242
	typJSON       = 245
	typDecimal    = 246
	typEnum       = 247
	typSet        = 248
	typBlob       = 252
	typVarString  = 253
	typString     = 254
	typGeometry   = 255
)

const (
	maxColumns     = 4096
	maxTables      = 1 << 14 // kept at a time; a server with more describes them again
	tableMapHeader = 8       // table id and flags
)

// Columns is how many columns the row images have: all of the table but the
// hidden ones of functional indexes.
func (t *Table) Columns() int { return len(t.columns) }

// String is the table's full name.
func (t *Table) String() string { return t.Database + "." + t.Name }

// parseTable reads the body of a TABLE_MAP event.
func parseTable(body []byte) (id uint64, t *Table, err error) {
	c := cursor{rest: body}
	id = c.uint(6)
	t = &Table{flags: uint16(c.uint(2))}
	t.Database, t.Name = c.name(), c.name()
	// A copy of its own: the event may be part of a larger buffer.
	t.described = bytes.Clone(body)
	t.shape = t.described[len(body)-len(c.rest):]
	c = cursor{rest: t.shape}
	n := c.packed()
	if !c.ok() || n == 0 || n > maxColumns {
		return 0, nil, fmt.Errorf("%w: table map of %s has %d columns", errMalformed, t, n)
	}
	types := c.take(int(n))
	meta := cursor{rest: c.sized()}
	c.take(bitmapSize(int(n))) // which columns may be NULL
	if !c.ok() {
		return 0, nil, fmt.Errorf("%w: table map of %s is cut off", errMalformed, t)
	}
	t.columns = make([]column, n)
	for i := range t.columns {
		if err := t.columns[i].read(types[i], &meta); err != nil {
			return 0, nil, fmt.Errorf("table %s, column %d: %w", t, i+1, err)
		}
	}
	if len(meta.rest) > 0 {
		return 0, nil, fmt.Errorf("%w: table map of %s has %d bytes of column metadata too many", errMalformed, t, len(meta.rest))
	}
	if err := t.readOptional(c.rest); err != nil {
		return 0, nil, fmt.Errorf("table %s: %w", t, err)
	}
	return id, t, nil
}

// read takes a column's part of the metadata, whose size goes by the type.
func (col *column) read(typ byte, meta *cursor) error {
	col.typ = typ
	switch typ {
	case typTiny, typShort, typLong, typNull, typTimestamp, typLongLong, typInt24,
		typDate, typTime, typDatetime, typYear, typNewDate:
	case typFloat, typDouble:
		col.meta = int(meta.uint(1))
	case typBlob, typGeometry, typJSON, typVector:
		col.meta = int(meta.uint(1)) // bytes of the length before each value
		if col.meta < 1 || col.meta > 4 {
			return fmt.Errorf("%w: %d bytes of length", errMalformed, col.meta)
		}
	case typTimestamp2, typDatetime2, typTime2:
		col.meta = int(meta.uint(1)) // digits of the fraction
		if col.meta > 6 {
			return fmt.Errorf("%w: %d digits of a second", errMalformed, col.meta)
		}
	case typVarchar, typVarString:
		col.meta = int(meta.uint(2)) // the most bytes
	case typBit:
		bits := int(meta.uint(1))
		col.meta = bits + 8*int(meta.uint(1))
		if col.meta > 64 {
			return fmt.Errorf("%w: %d bits", errMalformed, col.meta)
		}
	case typDecimal:
		col.meta, col.scale = int(meta.uint(1)), int(meta.uint(1))
		if col.meta > 65 || col.scale > 30 || col.scale > col.meta {
			return fmt.Errorf("%w: decimal(%d,%d)", errMalformed, col.meta, col.scale)
		}
	case typString:
		return col.readString(int(meta.uint(1)), int(meta.uint(1)), meta)
	default:
		return fmt.Errorf("type %d is not known to this version of berth", typ)
	}
	if !meta.ok() {
		return fmt.Errorf("%w: its metadata is cut off", errMalformed)
	}
	return nil
}

// readString reads the two bytes of what may be CHAR, BINARY, ENUM or SET: the
// type and the length, of which bits 8 and 9 are upside down in the type.
func (col *column) readString(typ, length int, meta *cursor) error {
	if !meta.ok() {
		return fmt.Errorf("%w: its metadata is cut off", errMalformed)
	}
	col.meta = length
	switch typ {
	case typEnum, typSet:
		col.typ = byte(typ)
		if length < 1 || length > 8 {
			return fmt.Errorf("%w: an enumeration of %d bytes", errMalformed, length)
		}
	default:
		if typ|0x30 != typString {
			return fmt.Errorf("%w: string of type %d", errMalformed, typ)
		}
		col.meta = length | (typ&0x30^0x30)<<4
	}
	return nil
}

func (col column) isNumber() bool {
	switch col.typ {
	case typTiny, typShort, typInt24, typLong, typLongLong, typDecimal, typFloat, typDouble:
		return true
	}
	return false
}

func (col column) isCharacters() bool {
	switch col.typ {
	case typString, typVarString, typVarchar, typBlob:
		return true
	}
	return false
}

func bitmapSize(n int) int { return (n + 7) / 8 }

// bit is bit i of a bitmap, the lowest of the first byte being the first.
func bit(bitmap []byte, i int) bool { return bitmap[i/8]&(1<<(i%8)) != 0 }
