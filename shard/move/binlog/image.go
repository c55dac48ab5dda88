package binlog

import (
	"bytes"
	"fmt"
)

// Field is the bytes of one column, counted from 0, in a row image: as the
// server packs them, without the length that precedes those of variable size.
// They are part of the image.
func (t *Table) Field(image []byte, column int) (value []byte, null bool, err error) {
	if column < 0 || column >= len(t.columns) {
		return nil, false, fmt.Errorf("row image of %s: there is no column %d among %d", t, column, len(t.columns))
	}
	c := cursor{rest: image}
	nulls := c.take(bitmapSize(len(t.columns)))
	if !c.ok() {
		return nil, false, t.cutOff(0)
	}
	for i := range column {
		if !bit(nulls, i) {
			t.columns[i].take(&c)
		}
	}
	if bit(nulls, column) {
		return nil, true, nil
	}
	value = t.columns[column].take(&c)
	if !c.ok() {
		return nil, false, t.cutOff(column)
	}
	return value, false, nil
}

// Same reports whether two row images have the same bytes in the columns given.
// Bytes that differ may still compare as equal under a column's collation. What
// can't be read is not the same.
func (t *Table) Same(a, b []byte, columns []int) bool {
	for _, column := range columns {
		va, na, ea := t.Field(a, column)
		vb, nb, eb := t.Field(b, column)
		if ea != nil || eb != nil || na != nb || !bytes.Equal(va, vb) {
			return false
		}
	}
	return true
}

// takeImage cuts one full row image off the front.
func (t *Table) takeImage(c *cursor) ([]byte, error) {
	start := *c
	nulls := c.take(bitmapSize(len(t.columns)))
	if !c.ok() {
		return nil, t.cutOff(0)
	}
	for i := range t.columns {
		if bit(nulls, i) {
			continue
		}
		if t.columns[i].take(c); !c.ok() {
			return nil, t.cutOff(i)
		}
	}
	return start.take(len(start.rest) - len(c.rest)), nil
}

func (t *Table) cutOff(column int) error {
	return fmt.Errorf("%w: a row image of %s is cut off at column %d", errMalformed, t, column+1)
}

// take cuts one value off the front and gives it without its length.
func (col column) take(c *cursor) []byte {
	switch col.typ {
	case typVarchar, typVarString, typString:
		return c.take(int(c.uint(lengthBytes(col.meta))))
	case typBlob, typGeometry, typJSON, typVector:
		return c.take(int(c.uint(col.meta)))
	}
	return c.take(col.size())
}

// lengthBytes is how many bytes tell the length of strings of at most so many.
func lengthBytes(most int) int {
	if most > 255 {
		return 2
	}
	return 1
}

// size is that of the types whose values are all of one size.
func (col column) size() int {
	switch col.typ {
	case typTiny, typYear:
		return 1
	case typShort:
		return 2
	case typInt24, typDate, typNewDate, typTime:
		return 3
	case typLong, typFloat, typTimestamp:
		return 4
	case typLongLong, typDouble, typDatetime:
		return 8
	case typTime2:
		return 3 + (col.meta+1)/2
	case typTimestamp2:
		return 4 + (col.meta+1)/2
	case typDatetime2:
		return 5 + (col.meta+1)/2
	case typEnum, typSet:
		return col.meta
	case typBit:
		return (col.meta + 7) / 8
	case typDecimal:
		return decimalSize(col.meta-col.scale) + decimalSize(col.scale)
	}
	return 0 // NULL
}

// decimalSize is the bytes of so many digits on one side of the point: 9 make
// 4 bytes, and what is left over takes the fewest that hold it.
func decimalSize(digits int) int {
	left := [9]int{0, 1, 1, 2, 2, 3, 3, 4, 4}
	return digits/9*4 + left[digits%9]
}
