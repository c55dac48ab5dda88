package rows_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"os"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/rows"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 2, MySQLOptions: mysqld.Options{BufferPoolMB: 256, RedoLogMB: 256}}))
}

// open is a database of the test's own on a shared server, through our own
// connections, as root.
func open(t testing.TB, server int) *sql.DB {
	t.Helper()
	home := testcluster.Database(t, server)
	c, err := instance.NewConnector(instance.Config{Address: home.Addr(), Database: home.Database,
		User: home.AdminUser, Password: instance.Literal(home.AdminPassword), WithoutHello: true})
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func run(t testing.TB, db instance.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), s); err != nil {
			t.Fatalf("%.200s: %v", s, err)
		}
	}
}

func ask[T any](t testing.TB, db instance.DB, statement string, args ...any) (v T) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), statement, args...).Scan(&v); err != nil {
		t.Fatalf("%.200s: %v", statement, err)
	}
	return v
}

// sharded lists tables as the catalogue does, member column first.
func sharded(member string, names ...string) (tables []shard.Table) {
	for _, n := range names {
		tables = append(tables, shard.Table{Name: n, Kind: shard.Sharded, MemberColumn: member})
	}
	return tables
}

func inspect(t testing.TB, db instance.DB, tables ...shard.Table) []rows.Table {
	t.Helper()
	found, err := rows.Inspect(t.Context(), db, tables)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// allMembers walks the table, limit members at a time.
func allMembers(t testing.TB, db instance.DB, table rows.Table, limit int) (all []shard.Member) {
	t.Helper()
	var after shard.Member
	for {
		page, err := table.Members(t.Context(), db, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if len(page) < limit {
			return all
		}
		after = page[len(page)-1]
	}
}

// handlerReads is how many rows or index entries the session's statements
// asked of tables since FLUSH STATUS, those of its own answers aside.
func handlerReads(t testing.TB, conn instance.DB) int {
	t.Helper()
	return ask[int](t, conn, "SELECT SUM(VARIABLE_VALUE) FROM performance_schema.session_status WHERE VARIABLE_NAME IN ('Handler_read_key', 'Handler_read_next', 'Handler_read_prev', 'Handler_read_first', 'Handler_read_last')")
}

// pinned is a connection with its settings pinned.
type pinned[T any] struct {
	conn *sql.Conn
	of   *T
}

func session[T any](t testing.TB, db *sql.DB, pin func(context.Context, *sql.Conn) (*T, error)) pinned[T] {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Its settings must not come back to other tests.
	t.Cleanup(func() { _ = conn.Raw(func(any) error { return driver.ErrBadConn }) })
	of, err := pin(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return pinned[T]{conn, of}
}

func targetOf(t testing.TB, db *sql.DB, how rows.Loader) pinned[rows.Target] {
	t.Helper()
	return session(t, db, func(ctx context.Context, conn *sql.Conn) (*rows.Target, error) {
		return rows.NewTarget(ctx, conn, how)
	})
}

// members are integers.
func members(ids ...int64) (list []shard.Member) {
	for _, id := range ids {
		list = append(list, shard.Int(id))
	}
	return list
}

// lines is what a query gives, a line a row.
func lines(t testing.TB, db instance.DB, query string) (all []string) {
	t.Helper()
	found, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%.200s: %v", query, err)
	}
	defer found.Close() //nolint:errcheck // Err has told by then
	names, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for found.Next() {
		values, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var line []string
		for _, v := range values {
			if v.Valid {
				line = append(line, v.String)
			} else {
				line = append(line, "NULL")
			}
		}
		all = append(all, strings.Join(line, " | "))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
