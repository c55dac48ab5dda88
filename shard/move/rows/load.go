package rows

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/berthdb/berth/shard/instance"
)

// writer sends blocks to the target.
type writer struct {
	target  *Target
	table   Table
	columns []Column
	in      <-chan block
	free    chan<- []byte
}

func (w *writer) run(ctx context.Context) error {
	return raw(w.target.conn, func(c *instance.Conn) error {
		next, ok, err := w.next(ctx)
		for ; err == nil && ok; next, ok, err = w.next(ctx) {
			if !next.statement {
				var follows *block
				if follows, err = w.load(ctx, c, next); err != nil {
					return fmt.Errorf("load: %w", err)
				}
				if follows == nil {
					continue
				}
				next = *follows
			}
			if err := w.insert(ctx, c, next); err != nil {
				return fmt.Errorf("insert: %w", err)
			}
			w.recycle(next.data)
		}
		return err
	})
}

// next waits for a block; it is false after the last.
func (w *writer) next(ctx context.Context) (b block, ok bool, err error) {
	select {
	case b, ok = <-w.in:
		return b, ok, nil
	case <-ctx.Done():
		return block{}, false, ctx.Err()
	}
}

func (w *writer) recycle(data []byte) {
	if cap(data) > keepSize {
		return
	}
	select {
	case w.free <- data[:0]:
	default:
	}
}

// load runs one LOAD DATA from the block on, until the stream ends or a
// statement comes between, which it returns.
func (w *writer) load(ctx context.Context, c *instance.Conn, first block) (follows *block, err error) {
	s := &stream{ctx: ctx, w: w, now: first.data, rest: first.data, rows: first.rows}
	stored, err := c.LoadLocal(ctx, loadInto(w.table.name(), w.columns), s)
	if err != nil {
		return nil, err
	}
	return s.follows, w.check(ctx, c, s.rows, stored, 0)
}

// insert runs one INSERT.
func (w *writer) insert(ctx context.Context, c *instance.Conn, b block) error {
	statement := insertInto(w.table.name(), w.columns)
	if n := len(statement) + len(b.data); n >= w.target.maxPacket {
		return fmt.Errorf("a row makes a statement of %d bytes, and the target's max_allowed_packet is %d: raise it there, or set local_infile ON", n, w.target.maxPacket)
	}
	res, err := c.ExecContext(ctx, statement+string(b.data[:len(b.data)-1]), nil)
	if err != nil {
		return err
	}
	stored, err := res.RowsAffected()
	if err != nil {
		return err
	}
	return w.check(ctx, c, b.rows, stored, b.warnings)
}

// check refuses what the server took otherwise than it was sent. In a session
// that is not strict, and always with LOCAL, it leaves out rows whose key it
// has, and cuts values, with a mere warning.
func (w *writer) check(ctx context.Context, c *instance.Conn, sent, stored, expected int64) error {
	warnings, err := ask(ctx, c, "SHOW COUNT(*) WARNINGS")
	if err != nil {
		return err
	}
	if stored == sent && fmt.Sprint(warnings[0]) == strconv.FormatInt(expected, 10) {
		return nil
	}
	text := "the server gives no reason"
	if first, err := ask(ctx, c, "SHOW WARNINGS LIMIT 1"); err == nil {
		text = fmt.Sprintf("%s (%v)", first[2], first[1])
	}
	return fmt.Errorf("of %d rows the target took %d, with %v warnings: %s", sent, stored, warnings[0], text)
}

// ask reads the one row that a statement gives.
func ask(ctx context.Context, c *instance.Conn, statement string) (row []driver.Value, err error) {
	rows, err := c.QueryContext(ctx, statement, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row = make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); err != nil {
		return nil, err
	}
	for i, v := range row { // the driver reuses its buffer
		if b, ok := v.([]byte); ok {
			row[i] = string(b)
		}
	}
	return row, nil
}

// stream is the file of a LOAD DATA: the blocks up to the next statement.
type stream struct {
	ctx       context.Context
	w         *writer
	now, rest []byte // the block being read, and what is left of it
	rows      int64
	follows   *block
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		if s.now != nil {
			s.w.recycle(s.now)
			s.now = nil
		}
		b, ok, err := s.w.next(s.ctx)
		switch {
		case err != nil:
			return 0, err
		case !ok:
			return 0, io.EOF
		case b.statement:
			s.follows = &b
			return 0, io.EOF
		}
		s.now, s.rest = b.data, b.data
		s.rows += b.rows
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
