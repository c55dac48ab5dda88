package rows

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
)

const (
	blockSize = 256 << 10 // of a LOAD DATA stream: bytes handed over at a time
	batchSize = 192 << 10 // of an INSERT: bytes of its text; above 256 KiB the driver makes a new buffer for each
	keepSize  = 2 << 20   // larger blocks, of very wide rows, are not kept
)

// block is a piece of what the target is sent: a part of a LOAD DATA stream,
// or, if statement, the values of a whole INSERT.
type block struct {
	data      []byte
	rows      int64
	statement bool
	warnings  int64 // that a statement is known to give
}

// encoder writes rows in the form in which the target takes them, and hands
// them over block by block.
//
// With LOAD DATA a few rows have values that its fields can't carry; they go
// into an INSERT of their own, before or after others of the same stream.
type encoder struct {
	columns []Column
	kinds   []kind
	load    bool
	batch   int // bytes of an INSERT's values
	out     chan<- block
	free    <-chan []byte

	stream, values block // being filled
	rows, bytes    int64
}

func newEncoder(columns []Column, to *Target, out chan<- block, free <-chan []byte) *encoder {
	e := &encoder{columns: columns, load: to.loader == LoadData, batch: min(batchSize, to.maxPacket/2),
		out: out, free: free, values: block{statement: true}}
	for _, c := range columns {
		e.kinds = append(e.kinds, c.kind())
	}
	return e
}

// row takes one row; the values are not used afterwards.
func (e *encoder) row(ctx context.Context, row []driver.Value) error {
	e.rows++
	for i, v := range row {
		switch v := v.(type) {
		case []byte:
			e.bytes += int64(len(v))
		case time.Time:
			return fmt.Errorf("column %s was read as a time, which can't hold every value: the connection must not have ParseTime set", e.columns[i].Name)
		default:
			e.bytes += 8
		}
	}
	if e.load && !e.special(row) {
		return e.line(ctx, row)
	}
	return e.tuple(ctx, row)
}

// special reports whether LOAD DATA can't carry the row: it would write a JSON
// number otherwise, or warn of an ENUM that has no valid value, as any other
// truncated value would make it.
func (e *encoder) special(row []driver.Value) bool {
	for i, k := range e.kinds {
		switch {
		case row[i] == nil:
		case k == document && isExact(row[i].([]byte)):
			return true
		case k == numbered && e.invalidEnum(i, row[i]):
			return true
		}
	}
	return false
}

// invalidEnum: 0 is what an ENUM holds after a wrong value was given.
func (e *encoder) invalidEnum(i int, v driver.Value) bool {
	return v == uint64(0) && e.columns[i].DataType == "enum"
}

// line adds the row to the LOAD DATA stream.
func (e *encoder) line(ctx context.Context, row []driver.Value) error {
	b := e.buffer(&e.stream)
	for i, v := range row {
		if i > 0 {
			b = append(b, '\t')
		}
		switch v := v.(type) {
		case nil:
			b = append(b, `\N`...)
		case []byte:
			b = appendField(b, v)
		default:
			b = appendText(b, e.kinds[i], v)
		}
		if len(b) >= blockSize { // a stream may be cut anywhere
			e.stream.data = b
			if err := e.send(ctx, &e.stream); err != nil {
				return err
			}
			b = e.buffer(&e.stream)
		}
	}
	e.stream.data = append(b, '\n')
	e.stream.rows++
	return nil
}

// tuple adds the row to the INSERT.
func (e *encoder) tuple(ctx context.Context, row []driver.Value) error {
	start := len(e.values.data)
	b, zeros := e.buffer(&e.values), int64(0)
	for i, v := range row {
		separator := byte(',')
		if i == 0 {
			separator = '('
		}
		b = append(b, separator)
		switch v := v.(type) {
		case nil:
			b = append(b, "NULL"...)
		case []byte:
			b = appendLiteral(b, e.kinds[i], v)
		default:
			b = appendText(b, e.kinds[i], v)
			if e.invalidEnum(i, v) {
				zeros++
			}
		}
	}
	b = append(b, ')', ',')
	if start > 0 && len(b) > e.batch {
		// The rows before it go, so that a wide one is in a statement alone.
		wide := *e.alone(b[start:])
		e.values.data = b[:start]
		if err := e.send(ctx, &e.values); err != nil {
			return err
		}
		e.values, b = wide, wide.data
	}
	e.values.data = b
	e.values.rows++
	e.values.warnings += zeros
	if len(b) < e.batch {
		return nil
	}
	return e.send(ctx, &e.values)
}

// alone is a new INSERT with these bytes.
func (e *encoder) alone(tuple []byte) *block {
	b := &block{statement: true}
	b.data = append(e.buffer(b), tuple...)
	return b
}

// appendLiteral appends a value that was read as bytes, as an INSERT writes it.
func appendLiteral(b []byte, k kind, v []byte) []byte {
	switch {
	case k == decimal:
		return append(b, v...)
	case k == document && isExact(v):
		return appendExact(b, v)
	case k == document:
		b = append(b, "_utf8mb4"...)
	case k != temporal:
		b = append(b, "_binary"...)
	}
	return appendQuoted(b, v)
}

// buffer is where the block goes on.
func (e *encoder) buffer(b *block) []byte {
	if b.data == nil {
		select {
		case b.data = <-e.free:
		default:
			b.data = make([]byte, 0, blockSize+blockSize/8)
		}
	}
	return b.data
}

// send hands the block over and begins a new one.
func (e *encoder) send(ctx context.Context, b *block) error {
	if b.statement && len(e.stream.data) > 0 {
		// It ends the LOAD DATA before it, which must have whole rows.
		if err := e.send(ctx, &e.stream); err != nil {
			return err
		}
	}
	full := *b
	*b = block{statement: b.statement}
	select {
	case e.out <- full:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// flush hands over what is left.
func (e *encoder) flush(ctx context.Context) error {
	for _, b := range []*block{&e.stream, &e.values} {
		if len(b.data) > 0 {
			if err := e.send(ctx, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadInto is the LOAD DATA statement from INTO on that takes the lines.
func loadInto(table string, columns []Column) string {
	var fields, set []string
	for i, c := range columns {
		name, variable := quoteName(c.Name), fmt.Sprintf("@berth_%d", i)
		switch c.kind() {
		case numbered: // as text it would be looked up among the names
			set = append(set, name+" = CAST("+variable+" AS UNSIGNED)")
		case document: // which is not taken from binary text
			set = append(set, name+" = CONVERT("+variable+" USING utf8mb4)")
		default:
			variable = name
		}
		fields = append(fields, variable)
	}
	into := "INTO TABLE " + table + ` CHARACTER SET binary FIELDS TERMINATED BY '\t' ENCLOSED BY '' ESCAPED BY '\\' LINES STARTING BY '' TERMINATED BY '\n'` +
		" (" + strings.Join(fields, ", ") + ")"
	if len(set) > 0 {
		into += " SET " + strings.Join(set, ", ")
	}
	return into
}

// insertInto is the INSERT statement up to the values.
func insertInto(table string, columns []Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quoteName(c.Name)
	}
	return "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES "
}
