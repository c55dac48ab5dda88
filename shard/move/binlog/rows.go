package binlog

import "fmt"

const (
	fixImage   = "set binlog_row_image=FULL on the server (SET PERSIST) and end the sessions that have another"
	fixPartial = "set binlog_row_value_options='' on the server (SET PERSIST) and end the sessions that have another"

	// noTable is what the server names in an event that only ends a statement.
	noTable = 0xffffff
)

// parseRows reads the body of a rows event of any kind. It gives Rows, or
// Unsupported, or nil when there is nothing in it.
func parseRows(kind byte, body []byte, tables map[uint64]*Table) (Event, error) {
	c := cursor{rest: body}
	id := c.uint(6)
	c.take(2) // flags
	if kind >= evWriteRows {
		if extra := int(c.uint(2)); extra > 2 {
			c.take(extra - 2) // which partition, mostly
		}
	}
	width := c.packed()
	if !c.ok() {
		return nil, fmt.Errorf("%w: rows event is cut off", errMalformed)
	}
	t := tables[id]
	if t == nil {
		if id == noTable {
			return nil, nil
		}
		return nil, fmt.Errorf("%w: rows of a table, number %d, that was not described", errMalformed, id)
	}
	if width != uint64(len(t.columns)) {
		return nil, fmt.Errorf("%w: rows of %d columns for %s, which was described with %d", errMalformed, width, t, len(t.columns))
	}
	if kind == evPartialUpdate {
		return Unsupported{t.Database, t.Name, "the binlog has parts of JSON values instead of whole rows", fixPartial}, nil
	}
	rows := Rows{Table: t}
	switch kind {
	case evWriteRows, evWriteRowsV1:
		rows.Kind = Insert
	case evUpdateRows, evUpdateRowsV1:
		rows.Kind = Update
	case evDeleteRows, evDeleteRowsV1:
		rows.Kind = Delete
	}
	full := allSet(c.take(bitmapSize(len(t.columns))), len(t.columns))
	if rows.Kind == Update {
		full = allSet(c.take(bitmapSize(len(t.columns))), len(t.columns)) && full
	}
	if !c.ok() {
		return nil, fmt.Errorf("%w: rows event of %s is cut off", errMalformed, t)
	}
	if !full {
		return Unsupported{t.Database, t.Name, "the binlog has rows without some of their columns", fixImage}, nil
	}
	if err := rows.split(&c); err != nil {
		return nil, err
	}
	return rows, nil
}

// split cuts the images apart. They have to fill the event to its end.
func (r *Rows) split(c *cursor) error {
	for len(c.rest) > 0 {
		if r.Kind != Insert {
			image, err := r.Table.takeImage(c)
			if err != nil {
				return err
			}
			r.Before = append(r.Before, image)
		}
		if r.Kind != Delete {
			image, err := r.Table.takeImage(c)
			if err != nil {
				return err
			}
			r.After = append(r.After, image)
		}
	}
	return nil
}

func allSet(bitmap []byte, n int) bool {
	for i := range n {
		if i/8 >= len(bitmap) || !bit(bitmap, i) {
			return false
		}
	}
	return true
}
