package binlog_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/binlog"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

// pair is a database on one server and one of another name on a second, and the
// way from the first to the second that this package is.
type pair struct {
	t              testing.TB
	source, target testcluster.DB
	a, b           *sql.DB // administrators
	stream         *binlog.Stream
	to             *sql.Conn // prepared
	mode           binlog.Mode
	limit          int

	skipped []binlog.Unsupported // of the source's database
	texts   []string             // its statements, but for those that made the tables
	largest int                  // rows of one event
}

func newPair(t testing.TB) *pair {
	p := &pair{t: t, source: testcluster.Database(t, 0), target: testcluster.Database(t, 1), mode: binlog.Idempotent}
	p.a, p.b = p.source.OpenAdmin(t), p.target.OpenAdmin(t)
	p.stream = openStream(t, p.source, executed(t, p.a))
	p.connect()
	return p
}

func streamConfig(db testcluster.DB) binlog.Config {
	return binlog.Config{Address: db.Addr(), User: db.AdminUser, Password: instance.Literal(db.AdminPassword)}
}

func openStream(t testing.TB, db testcluster.DB, after binlog.Set) *binlog.Stream {
	t.Helper()
	s, err := binlog.Open(t.Context(), streamConfig(db), after)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func executed(t testing.TB, db *sql.DB) binlog.Set {
	t.Helper()
	var text string
	if err := db.QueryRowContext(t.Context(), "SELECT @@global.gtid_executed").Scan(&text); err != nil {
		t.Fatal(err)
	}
	set, err := binlog.ParseSet(text)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// connect makes the target's session, anew.
func (p *pair) connect() {
	p.t.Helper()
	if p.to != nil {
		p.to.Close()
	}
	to, err := p.b.Conn(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	p.to = to
	p.t.Cleanup(func() { to.Close() })
	prepare, err := binlog.NewSession(p.stream.Format(), p.mode)
	if err != nil {
		p.t.Fatal(err)
	}
	p.onTarget(prepare...)
}

func (p *pair) onTarget(statements ...string) {
	p.t.Helper()
	for _, s := range statements {
		if _, err := p.to.ExecContext(p.t.Context(), s); err != nil {
			p.t.Fatalf("%.200s: %v", s, err)
		}
	}
}

// both runs statements on both servers, those on the source before the stream's
// next.
func (p *pair) both(statements ...string) {
	p.t.Helper()
	p.onSource(statements...)
	for _, s := range statements {
		if _, err := p.b.ExecContext(p.t.Context(), s); err != nil {
			p.t.Fatalf("target: %.200s: %v", s, err)
		}
	}
	p.skipTo(executed(p.t, p.a))
}

// onSource runs statements on the source in one session, that ends with them.
func (p *pair) onSource(statements ...string) {
	p.t.Helper()
	conn, err := p.a.Conn(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = conn.Raw(func(any) error { return driver.ErrBadConn }) }() // not back to the pool
	for _, s := range statements {
		if _, err := conn.ExecContext(p.t.Context(), s); err != nil {
			p.t.Fatalf("source: %.300s: %v", s, err)
		}
	}
}

// skipTo reads the stream up to the position and drops what it gives.
func (p *pair) skipTo(end binlog.Set) {
	p.t.Helper()
	for !p.stream.Received().Contains(end) {
		p.next()
	}
}

func (p *pair) next() binlog.Event {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	e, err := p.stream.Next(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

// apply brings all that the source has done to the target, a transaction for
// each.
func (p *pair) apply() {
	p.t.Helper()
	if err := p.tryApply(); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) tryApply() error {
	p.t.Helper()
	end := executed(p.t, p.a)
	batch, err := binlog.NewBatch(p.stream.Format(), p.limit)
	if err != nil {
		return err
	}
	for !p.stream.Received().Contains(end) {
		switch e := p.next().(type) {
		case binlog.Rows:
			if e.Table.Database != p.source.Database {
				continue
			}
			p.largest = max(p.largest, len(e.Before), len(e.After))
			if err := p.add(batch, e); err != nil {
				return err
			}
		case binlog.Unsupported:
			if e.Database == p.source.Database || e.Database == "" {
				p.skipped = append(p.skipped, e)
			}
		case binlog.Statement:
			if e.Database == p.source.Database {
				p.texts = append(p.texts, e.Text)
			}
		case binlog.Commit:
			if err := p.commit(batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// add is what a mover does: an update that moves the row to another key deletes
// the old one. Tables here have their key in the first column.
func (p *pair) add(batch *binlog.Batch, e binlog.Rows) error {
	for i := range max(len(e.Before), len(e.After)) {
		if e.Kind == binlog.Delete || e.Kind == binlog.Update && !e.Table.Same(e.Before[i], e.After[i], []int{0}) {
			if err := batch.Delete(e.Table, p.target.Database, e.Before[i]); err != nil {
				return err
			}
		}
		if e.Kind != binlog.Delete {
			if err := batch.Write(e.Table, p.target.Database, e.After[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pair) commit(batch *binlog.Batch) error {
	defer batch.Reset()
	statements := slices.Concat([]string{"BEGIN"}, batch.Statements(), []string{"COMMIT"})
	for _, s := range statements {
		if _, err := p.to.ExecContext(p.t.Context(), s); err != nil {
			_, rerr := p.to.ExecContext(p.t.Context(), "ROLLBACK")
			return errors.Join(err, rerr)
		}
	}
	return nil
}

// same fails unless both servers answer the query with the same text.
func (p *pair) same(query string) {
	p.t.Helper()
	a, b := answer(p.t, p.a, query), answer(p.t, p.b, query)
	if !slices.Equal(a, b) {
		p.t.Errorf("%s\nsource: %.2000q\ntarget: %.2000q", query, a, b)
	}
	if len(a) == 0 {
		p.t.Errorf("%s: no rows to compare", query)
	}
}

// sameChecksum compares the server's own sum over the records of a table.
func (p *pair) sameChecksum(table string) {
	p.t.Helper()
	sum := func(db *sql.DB, database string) string {
		return strings.ReplaceAll(answer(p.t, db, "CHECKSUM TABLE "+table)[0], database, "")
	}
	if a, b := sum(p.a, p.source.Database), sum(p.b, p.target.Database); a != b {
		p.t.Errorf("checksum of %s: %s, and %s on the target", table, a, b)
	}
}

// answer is a query's rows as text.
func answer(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var line strings.Builder
		for _, v := range values {
			fmt.Fprintf(&line, "%v:%s|", v.Valid, v.String)
		}
		out = append(out, line.String())
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func openRoot(t testing.TB, s *mysqld.Server) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", s.DSN(s.Root(), ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
