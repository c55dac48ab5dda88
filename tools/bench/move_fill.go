package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
)

// contactsTable is the table of all benchmarks; a row has 283 bytes.
const contactsTable = "CREATE TABLE contacts (member_id BIGINT NOT NULL, id BIGINT NOT NULL, name VARCHAR(100) NOT NULL," +
	" email VARCHAR(100) NOT NULL, body VARCHAR(255) NOT NULL, PRIMARY KEY (member_id, id))"

// fill gives members 1 to members their rows on s1, as evenly as they can be
// dealt, and one more member heavy rows of its own.
func (c *cluster) fill(ctx context.Context, rows, members, heavy int) error {
	db, err := sql.Open("mysql", c.servers[s1].DSN(c.servers[s1].Root(), databaseName))
	if err != nil {
		return err
	}
	defer db.Close()
	const writers = 4
	db.SetMaxIdleConns(writers)
	g, gctx := errgroup.WithContext(ctx)
	for w := range writers {
		g.Go(func() error {
			b := filling{db: db}
			for m := 1 + w; m <= members; m += writers {
				n := rows / members
				if m <= rows%members {
					n++
				}
				if err := b.member(gctx, m, 0, n); err != nil {
					return err
				}
			}
			if err := b.member(gctx, members+1, w*heavy/writers, (w+1)*heavy/writers); err != nil {
				return err
			}
			return b.flush(gctx)
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("fill the table: %w", err)
	}
	if _, err := db.ExecContext(ctx, "ANALYZE TABLE contacts"); err != nil {
		return err
	}
	return c.purge(ctx, s1)
}

// filling collects rows for one INSERT.
type filling struct {
	db   *sql.DB
	text strings.Builder
	rows int
}

func (b *filling) member(ctx context.Context, member, from, to int) error {
	for id := from; id < to; id++ {
		separator := byte(',')
		if b.rows == 0 {
			b.text.WriteString("INSERT INTO contacts VALUES ")
			separator = ' '
		}
		b.text.WriteByte(separator)
		fmt.Fprintf(&b.text, "(%d,%d,'name %d','%d.%d@example.org','%s')", member, id, id, member, id, filler)
		if b.rows++; b.rows == 500 {
			if err := b.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *filling) flush(ctx context.Context) error {
	if b.rows == 0 {
		return nil
	}
	_, err := b.db.ExecContext(ctx, b.text.String())
	b.text.Reset()
	b.rows = 0
	return err
}

const filler = "A conversation about nothing in particular, as long as such things are on the average: two hundred characters," +
	" of which not a single one is of use to anybody, but for those who measure how fast it can go."
