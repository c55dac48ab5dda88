package instance_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/go-sql-driver/mysql"
)

// BenchmarkPointSelect is one row by primary key, through a prepared
// statement and through the text protocol, on a Conn and on the plain driver's
// connection. The two are to be compared within one run.
func BenchmarkPointSelect(b *testing.B) {
	p := newPlace(b).identify("a")
	run(b, p.admin, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))")
	run(b, p.admin, "INSERT INTO t VALUES (1, 'one'), (2, 'two')")
	app := p.server.App()
	plainConfig := mysql.NewConfig()
	plainConfig.Net, plainConfig.Addr, plainConfig.DBName = "tcp", p.server.Addr(), p.database
	plainConfig.User, plainConfig.Passwd = app.User, app.Password
	plainConnector, err := mysql.NewConnector(plainConfig)
	if err != nil {
		b.Fatal(err)
	}
	plain, err := plainConnector.Connect(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { plain.Close() })

	for _, c := range []struct {
		name string
		conn driver.Conn
	}{{"plain", plain}, {"conn", p.connect(p.config())}} {
		b.Run("text/"+c.name, func(b *testing.B) {
			q := c.conn.(driver.QueryerContext)
			for b.Loop() {
				drain(b, func() (driver.Rows, error) {
					return q.QueryContext(context.Background(), "SELECT v FROM t WHERE id = 1", nil)
				})
			}
		})
		b.Run("prepared/"+c.name, func(b *testing.B) {
			stmt, err := c.conn.(driver.ConnPrepareContext).PrepareContext(b.Context(), "SELECT v FROM t WHERE id = ?")
			if err != nil {
				b.Fatal(err)
			}
			defer stmt.Close()
			args := []driver.NamedValue{{Ordinal: 1, Value: int64(2)}}
			for b.Loop() {
				drain(b, func() (driver.Rows, error) {
					return stmt.(driver.StmtQueryContext).QueryContext(context.Background(), args)
				})
			}
		})
	}
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
