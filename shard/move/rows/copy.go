package rows

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"golang.org/x/sync/errgroup"
)

// Part says which rows are copied: all rows of some members, or some rows of
// one member.
type Part struct {
	Members []shard.Member

	// Limit is how many rows are copied at most; 0: all. With a limit there
	// must be exactly one member.
	Limit int
	// After is the Last of the part before, with a limit; empty: from the first
	// row on.
	After Position
}

// Copied is what was copied.
type Copied struct {
	Rows  int64
	Bytes int64 // of their values
	// Last is where the next part of a member begins, and More reports whether
	// there may be one. Only with a limit.
	Last Position
	More bool
}

// Copy reads rows of the part from one server and writes them to the other,
// in one pass. It needs at most some megabytes and a few times the largest
// row.
//
// It neither begins nor commits: it writes within the transaction that is open
// on the target, and after an error that must be rolled back. The surest way is
// to close both connections, which an error may leave in the middle of a
// statement. A row whose key is on the target already is an error.
func (t Table) Copy(ctx context.Context, from *Source, to *Target, part Part) (Copied, error) {
	done, err := t.copy(ctx, from, to, part)
	if err != nil {
		return Copied{}, fmt.Errorf("copy rows of table %s: %w", t.Name, err)
	}
	return done, nil
}

func (t Table) copy(ctx context.Context, from *Source, to *Target, part Part) (Copied, error) {
	query, some, err := t.query(part)
	if err != nil || !some {
		return Copied{Last: part.After}, err
	}
	columns := t.written()
	blocks, free := make(chan block, 2), make(chan []byte, 4)
	enc := newEncoder(columns, to, blocks, free)
	last := lastRow{table: t, places: t.walkPlaces(), position: part.After}

	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		err := from.read(gctx, query, func(row []driver.Value) error {
			if part.Limit > 0 {
				last.keep(row)
			}
			return enc.row(gctx, row[:len(columns)])
		})
		if err == nil {
			err = enc.flush(gctx)
		}
		if err == nil {
			close(blocks) // after an error the end of gctx tells the writer
		}
		return err
	})
	g.Go(func() error {
		w := writer{target: to, table: t, columns: columns, in: blocks, free: free}
		return w.run(gctx)
	})
	if err := g.Wait(); err != nil {
		return Copied{}, err
	}
	return Copied{Rows: enc.rows, Bytes: enc.bytes, Last: last.position, More: part.Limit > 0 && enc.rows == int64(part.Limit)}, nil
}

// query is the statement that reads the part, and whether there may be a row
// in it at all.
func (t Table) query(part Part) (query string, some bool, err error) {
	switch {
	case part.Limit < 0:
		return "", false, fmt.Errorf("the limit is %d", part.Limit)
	case part.Limit > 0 && len(part.Members) != 1:
		return "", false, fmt.Errorf("a limit with %d members; it goes with one", len(part.Members))
	case part.Limit == 0 && part.After != "":
		return "", false, errors.New("a position without a limit")
	case t.MemberIndex == "":
		return "", false, errors.New("no index begins with its member column")
	}
	members, some := t.ofMembers(part.Members)
	if !some {
		return "", false, nil
	}
	var list []string
	for _, c := range t.written() {
		list = append(list, c.read())
	}
	for _, c := range t.walkedOnly() {
		list = append(list, c.read())
	}
	query = "SELECT " + strings.Join(list, ", ") + " FROM " + t.name() + " FORCE INDEX (" + quoteName(t.MemberIndex) + ") WHERE " + members
	if part.After != "" {
		beyond, err := t.beyond(part.After)
		if err != nil {
			return "", false, err
		}
		query += " AND " + beyond
	}
	if part.Limit > 0 {
		var order []string
		for _, c := range t.walk {
			order = append(order, quoteName(c.Name))
		}
		if len(order) > 0 {
			query += " ORDER BY " + strings.Join(order, ", ")
		}
		query += " LIMIT " + strconv.Itoa(part.Limit)
	}
	return query, true, nil
}

// walkedOnly are the columns that are read for the position alone: generated
// ones that are part of a key.
func (t Table) walkedOnly() (columns []Column) {
	for _, c := range t.walk {
		if c.Generated != NotGenerated {
			columns = append(columns, c)
		}
	}
	return columns
}

// walkPlaces are the places of the walk's columns among those that are read.
func (t Table) walkPlaces() []int {
	all := slices.Concat(t.written(), t.walkedOnly())
	places := make([]int, len(t.walk))
	for i, c := range t.walk {
		places[i] = slices.IndexFunc(all, func(a Column) bool { return a.Name == c.Name })
	}
	return places
}

// lastRow keeps the position of the newest row.
type lastRow struct {
	table    Table
	places   []int
	values   []driver.Value
	position Position
}

func (l *lastRow) keep(row []driver.Value) {
	l.values = l.values[:0]
	for _, p := range l.places {
		l.values = append(l.values, row[p])
	}
	l.position = l.table.positionOf(l.values)
}

// read runs the query and hands on each row, whose bytes are the driver's own
// buffer.
func (s *Source) read(ctx context.Context, query string, each func(row []driver.Value) error) error {
	return raw(s.conn, func(c *instance.Conn) (err error) {
		rows, err := c.QueryContext(ctx, query, nil)
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		row := make([]driver.Value, len(rows.Columns()))
		for {
			switch err := rows.Next(row); {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return fmt.Errorf("read: %w", err)
			}
			if err := each(row); err != nil {
				return err
			}
		}
	})
}
