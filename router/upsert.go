package router

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Execer is what Upsert writes through: a Member, or a transaction.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Batch is rows to write to one table: new ones are inserted, and those whose
// key is there already are updated.
type Batch struct {
	Table   string
	Columns []string // of the rows, the member column among them
	Keys    []string // those of Columns that are left alone in a row that exists: its key and its member
	Rows    [][]any  // one value a column
}

const (
	maxParameters = 65535   // of one MySQL statement
	maxBatchBytes = 1 << 20 // of one statement's parameters, well below max_allowed_packet
)

// Upsert writes the batch in as few statements as MySQL's limits allow, and
// gives the number of rows handled. Through a transaction it is all or
// nothing; through a Member each statement is, and when one fails the number
// says how many rows came before it.
func Upsert(ctx context.Context, db Execer, b Batch) (int, error) {
	if err := b.check(); err != nil {
		return 0, err
	}
	for done := 0; done < len(b.Rows); {
		n := b.take(done)
		args := make([]any, 0, n*len(b.Columns))
		for _, row := range b.Rows[done : done+n] {
			args = append(args, row...)
		}
		if _, err := db.ExecContext(ctx, b.statement(n), args...); err != nil {
			return done, fmt.Errorf("upsert rows %d to %d of %d into %s: %w", done+1, done+n, len(b.Rows), b.Table, err)
		}
		done += n
	}
	return len(b.Rows), nil
}

func (b Batch) check() error {
	if b.Table == "" || len(b.Columns) == 0 {
		return refused("upsert: a table and its columns are needed")
	}
	for _, k := range b.Keys {
		if !slices.Contains(b.Columns, k) {
			return refused("upsert into %s: key %s is not among the columns", b.Table, k)
		}
	}
	for i, row := range b.Rows {
		if len(row) != len(b.Columns) {
			return refused("upsert into %s: row %d has %d values for %d columns", b.Table, i+1, len(row), len(b.Columns))
		}
	}
	return nil
}

// take is how many rows from i on go into one statement: at least one, and a
// power of two when more are left, so that few different texts are prepared.
func (b Batch) take(i int) int {
	limit := min(len(b.Rows)-i, maxParameters/len(b.Columns))
	n, bytes := 0, 0
	for n < limit && bytes < maxBatchBytes {
		for _, v := range b.Rows[i+n] {
			switch v := v.(type) {
			case string:
				bytes += len(v)
			case []byte:
				bytes += len(v)
			default:
				bytes += weight(v)
			}
		}
		n++
	}
	power := 1
	for power*2 <= n {
		power *= 2
	}
	return power
}

// weight is what a value of another type takes in the statement, in bytes. One
// that can't be sent is reported when it is.
func weight(v any) int {
	switch sent, _ := convert(v); sent := sent.(type) {
	case string:
		return len(sent)
	case []byte:
		return len(sent)
	}
	return 8
}

func (b Batch) statement(rows int) string {
	var s strings.Builder
	names := make([]string, len(b.Columns))
	for i, c := range b.Columns {
		names[i] = quoteName(c)
	}
	fmt.Fprintf(&s, "INSERT INTO %s (%s) VALUES ", quoteName(b.Table), strings.Join(names, ", "))
	row := "(?" + strings.Repeat(", ?", len(names)-1) + ")"
	s.WriteString(row)
	s.WriteString(strings.Repeat(", "+row, rows-1))
	var set []string
	for i, c := range b.Columns {
		if !slices.Contains(b.Keys, c) {
			set = append(set, names[i]+" = new_row."+names[i])
		}
	}
	if len(set) == 0 { // nothing to update: the row stays as it is
		set = []string{names[0] + " = " + quoteName(b.Table) + "." + names[0]}
	}
	fmt.Fprintf(&s, " AS new_row ON DUPLICATE KEY UPDATE %s", strings.Join(set, ", "))
	return s.String()
}
