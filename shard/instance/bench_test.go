package instance_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/go-sql-driver/mysql"
)

// BenchmarkPointSelect is one row by primary key on the plain driver's
// connection and on a Conn, in turns, so that what else the machine does meets
// both alike. What counts is the ratio of their medians.
func BenchmarkPointSelect(b *testing.B) {
	p := newPlace(b).identify("a")
	run(b, p.admin, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))")
	run(b, p.admin, "INSERT INTO t VALUES (1, 'one'), (2, 'two')")
	app := p.server.App()
	plainConnector, err := mysql.NewConnector(p.server.Config(app, p.database))
	if err != nil {
		b.Fatal(err)
	}
	plain, err := plainConnector.Connect(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { plain.Close() })
	conns := [2]driver.Conn{plain, p.connect(p.config())}

	b.Run("text", func(b *testing.B) {
		inTurns(b, func(i int) (driver.Rows, error) {
			return conns[i].(driver.QueryerContext).QueryContext(context.Background(), "SELECT v FROM t WHERE id = 1", nil)
		})
	})
	b.Run("prepared", func(b *testing.B) {
		var stmts [2]driver.StmtQueryContext
		for i, c := range conns {
			stmt, err := c.(driver.ConnPrepareContext).PrepareContext(b.Context(), "SELECT v FROM t WHERE id = ?")
			if err != nil {
				b.Fatal(err)
			}
			defer stmt.Close()
			stmts[i] = stmt.(driver.StmtQueryContext)
		}
		args := []driver.NamedValue{{Ordinal: 1, Value: int64(2)}}
		inTurns(b, func(i int) (driver.Rows, error) {
			return stmts[i].QueryContext(context.Background(), args)
		})
	})
}

// inTurns runs the query on 0, the plain one, and on 1, and reports the ratio.
func inTurns(b *testing.B, query func(i int) (driver.Rows, error)) {
	var took [2][]time.Duration
	for b.Loop() {
		for i := range took {
			start := time.Now()
			drain(b, func() (driver.Rows, error) { return query(i) })
			took[i] = append(took[i], time.Since(start))
		}
	}
	var median [2]float64
	for i := range took {
		slices.Sort(took[i])
		median[i] = float64(took[i][len(took[i])/2])
	}
	b.ReportMetric(median[0], "plain-p50-ns")
	b.ReportMetric(median[1], "conn-p50-ns")
	b.ReportMetric(median[1]/median[0], "ratio")
}

func drain(b *testing.B, query func() (driver.Rows, error)) {
	rows, err := query()
	if err != nil {
		b.Fatal(err)
	}
	row := make([]driver.Value, 1)
	for {
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkFenced is what each statement pays for the fence.
func BenchmarkFenced(b *testing.B) {
	p := newPlace(b).identify("a")
	member := shard.Int(42)
	for _, rows := range []struct {
		name  string
		spans []shard.Span
	}{{"none", nil}, {"four", []shard.Span{{Pin: shard.Int(1)}, {Pin: shard.Int(2)}, {Pin: shard.Int(3)}, {}}}} {
		for _, s := range rows.spans {
			if err := instance.RaiseFence(b.Context(), p.admin, s, 9, "bench"); err != nil {
				b.Fatal(err)
			}
		}
		conn := p.connect(p.config())
		b.Run(rows.name, func(b *testing.B) {
			for b.Loop() {
				conn.Fenced(member, 10)
			}
		})
	}
}

// BenchmarkOpen is a new connection, hello included, beside the plain driver's.
func BenchmarkOpen(b *testing.B) {
	p := newPlace(b).identify("a")
	bare := p.config()
	bare.Expect, bare.WithoutHello = instance.Expect{}, true
	for _, c := range []struct {
		name string
		cfg  instance.Config
	}{{"without hello", bare}, {"hello", p.config()}} {
		connector := p.connector(c.cfg)
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				conn, err := connector.Open(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				closeConn(b, conn)
			}
		})
	}
}
