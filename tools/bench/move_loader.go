package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/sync/errgroup"
)

// loader is the copier that one would write for the purpose: it reads the
// table by ranges of its key and loads each as it comes, on several sessions
// side by side. It keeps nothing of what happens meanwhile, and checks nothing.
type loader struct {
	from, to *sql.DB
	workers  int
}

func (c *cluster) loader(workers int) (*loader, error) {
	l := &loader{workers: workers}
	var err error
	for i, db := range []**sql.DB{&l.from, &l.to} {
		if *db, err = sql.Open("mysql", c.servers[i].DSN(c.servers[i].Root(), databaseName)); err != nil {
			return nil, errors.Join(err, l.close())
		}
		(*db).SetMaxIdleConns(workers)
	}
	return l, nil
}

func (l *loader) close() error {
	var errs []error
	for _, db := range []*sql.DB{l.from, l.to} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// copy copies members up to the last, so many at a time.
func (l *loader) copy(ctx context.Context, last, step int) error {
	g, ctx := errgroup.WithContext(ctx)
	next := make(chan int)
	g.Go(func() error {
		defer close(next)
		for m := 1; m <= last; m += step {
			select {
			case next <- m:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for w := range l.workers {
		g.Go(func() error {
			from, err := l.from.Conn(ctx)
			if err != nil {
				return err
			}
			defer from.Close()
			// The driver reads by 4 KiB until a statement needed a larger buffer.
			if _, err := from.ExecContext(ctx, "DO 1 -- "+strings.Repeat(" ", 128<<10)); err != nil {
				return err
			}
			to, err := l.to.Conn(ctx)
			if err != nil {
				return err
			}
			defer to.Close()
			for m := range next {
				if err := loadRange(ctx, from, to, fmt.Sprintf("bench-%d", w), m, m+step); err != nil {
					return fmt.Errorf("copy members %d to %d: %w", m, m+step-1, err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// loadRange copies the members from low on and below high.
func loadRange(ctx context.Context, from, to *sql.Conn, name string, low, high int) error {
	r, w := io.Pipe()
	mysql.RegisterReaderHandler(name, func() io.Reader { return r })
	defer mysql.DeregisterReaderHandler(name)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		err := from.Raw(func(c any) error { return readRange(ctx, c.(driver.QueryerContext), w, low, high) })
		return errors.Join(err, w.CloseWithError(err))
	})
	g.Go(func() error {
		_, err := to.ExecContext(ctx, "LOAD DATA LOCAL INFILE 'Reader::"+name+"' INTO TABLE contacts")
		return errors.Join(err, r.CloseWithError(err))
	})
	return g.Wait()
}

func readRange(ctx context.Context, from driver.QueryerContext, to io.Writer, low, high int) (err error) {
	rows, err := from.QueryContext(ctx, fmt.Sprintf("SELECT member_id, id, name, email, body FROM contacts WHERE member_id >= %d AND member_id < %d", low, high), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	out := bufio.NewWriterSize(to, 256<<10)
	var line []byte
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return out.Flush()
		case err != nil:
			return err
		}
		line = line[:0]
		for i, v := range row {
			if i > 0 {
				line = append(line, '\t')
			}
			switch v := v.(type) {
			case int64:
				line = strconv.AppendInt(line, v, 10)
			case []byte:
				line = appendEscaped(line, v)
			default:
				return fmt.Errorf("a value is of type %T", v)
			}
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
}

// appendEscaped writes a field as LOAD DATA reads it.
func appendEscaped(line, v []byte) []byte {
	for {
		i := bytes.IndexAny(v, "\t\n\\")
		if i < 0 {
			return append(line, v...)
		}
		line = append(append(line, v[:i]...), '\\', v[i])
		v = v[i+1:]
	}
}
