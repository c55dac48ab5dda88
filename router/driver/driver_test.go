package driver_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	_ "github.com/berthdb/berth/router/driver"
	"github.com/berthdb/berth/router/scope"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 2, Consul: true}))
}

const insert = "INSERT INTO contacts (member_id, id, name) VALUES (?, ?, ?)"

// fleet is two shards whose map is in Consul, and the data source name.
func fleet(t *testing.T) (*testfleet.Fleet, string) {
	t.Helper()
	kv := testcluster.Consul(t)
	store, err := consul.Open(consul.Config{Address: kv.Address, Prefix: kv.Prefix})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	f := testfleet.New(t, testfleet.Options{Store: store, Servers: 2})
	return f, kv.URL() + "?cache_dir=off&user=" + f.Shards[0].User + "&password=" + url.QueryEscape(f.Shards[0].Password)
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("berth", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func TestStatementsAreRoutedByTextByParameterAndByContext(t *testing.T) {
	f, dsn := fleet(t)
	db := open(t, dsn)
	ctx := t.Context()
	if err := db.PingContext(ctx); err != nil {
		t.Fatal(err)
	}
	for place := range 2 {
		id := f.MemberOn(place, 0)
		if _, err := db.ExecContext(ctx, fmt.Sprintf("INSERT INTO contacts (member_id, id, name) VALUES (%s, 1, 'literal')", id)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(ctx, insert, id.String(), 2, "parameter"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(router.WithMember(ctx, id), insert, id.String(), 3, "context"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(router.WithMember(ctx, f.MemberOn(place, 1)), insert, id.String(), 4, "other"); !errors.Is(err, router.ErrWrongMember) {
			t.Errorf("a statement of another member than the context's: %v", err)
		}
		var n int
		if err := f.Admin[place].QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts WHERE member_id = ?", id.String()).Scan(&n); err != nil || n != 3 {
			t.Errorf("shard s%d has %d rows of its member, %v", place+1, n, err)
		}
	}
	var tied *scope.NotTiedError
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts").Scan(new(int)); !errors.As(err, &tied) {
		t.Errorf("a query of no member: %v", err)
	}
}

func TestTransactionRefusesOtherMembersAndGoesOn(t *testing.T) {
	f, dsn := fleet(t)
	db := open(t, dsn)
	ctx := t.Context()
	mine, other := f.MemberOn(0, 0), f.MemberOn(1, 0)
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		t.Fatal(err)
	}
	var none int
	if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts WHERE member_id = ?", mine.String()).Scan(&none); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, insert, mine.String(), 1, "x"); err != nil {
		t.Fatal(err)
	}
	_, err = tx.ExecContext(ctx, insert, other.String(), 1, "x")
	if !errors.Is(err, router.ErrWrongMember) || !strings.Contains(err.Error(), "bound to member "+mine.String()) {
		t.Errorf("another member in it: %v", err)
	}
	// READ COMMITTED, as asked for: it sees what another one commits meanwhile.
	if _, err := db.ExecContext(ctx, insert, mine.String(), 2, "y"); err != nil {
		t.Fatal(err)
	}
	var seen int
	if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts WHERE member_id = ?", mine.String()).Scan(&seen); err != nil || seen != 2 {
		t.Errorf("the transaction sees %d rows, %v", seen, err)
	}
	if _, err := db.ExecContext(ctx, "DELETE FROM contacts WHERE member_id = ? AND id = 2", mine.String()); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	tx, err = db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM contacts WHERE member_id = ?", mine.String()); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts WHERE member_id = ?", mine.String()).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows after a rollback, %v", n, err)
	}
}

// The same statements through the plain driver, on one shard, and through
// berth give the same values, column types and errors.
func TestValuesAreThePlainDrivers(t *testing.T) {
	f, dsn := fleet(t)
	ctx := t.Context()
	const table = "CREATE TABLE kinds (member_id BIGINT PRIMARY KEY, i INT, u BIGINT UNSIGNED, d DECIMAL(20,5), f DOUBLE," +
		" s VARCHAR(20), b VARBINARY(20), t DATETIME(6), y DATE, j JSON, e ENUM('a','b'), n INT NULL)"
	for _, admin := range f.Admin {
		if _, err := admin.ExecContext(ctx, table); err != nil {
			t.Fatal(err)
		}
	}
	f.Edit(func(m *shard.Map) (*shard.Map, error) {
		return m.SetTables(f.Change("table"), shard.Table{Name: "kinds", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true})
	})
	id := f.MemberOn(0, 0).String()
	for _, parseTime := range []string{"false", "true"} {
		db := open(t, dsn+"&parseTime="+parseTime)
		plain, err := sql.Open("mysql", strings.Replace(f.Shards[0].DSN(), "parseTime=true", "parseTime="+parseTime, 1))
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		if _, err := db.ExecContext(ctx, "DELETE FROM kinds WHERE member_id = ?", id); err != nil {
			t.Fatal(err)
		}
		res, err := db.ExecContext(ctx, "INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", id)
		if err == nil {
			t.Fatalf("too few parameters: %v", res)
		}
		_, err = db.ExecContext(ctx, "INSERT INTO kinds (member_id, i, u, d, f, s, b, t, y, j, e, n) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			id, -7, uint64(1<<63), "12.5", 1.25, "ä", []byte{0, 255}, time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), "2026-01-02", `{"a":1}`, "b", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []struct {
			text string
			args []any
		}{
			{"SELECT * FROM kinds WHERE member_id = ?", []any{id}},
			{"SELECT * FROM kinds WHERE member_id = " + id, nil},
			{"SELECT i + 1, COUNT(*), MAX(t) FROM kinds WHERE member_id = ? GROUP BY i", []any{id}},
			{"SELECT i FROM kinds WHERE member_id = ? AND i = 0", []any{id}},
		} {
			got, want := all(t, db, q.text, q.args), all(t, plain, q.text, q.args)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s (parseTime=%s):\n%v\nthe plain driver:\n%v", q.text, parseTime, got, want)
			}
		}
	}
}

func all(t *testing.T, db *sql.DB, text string, args []any) (out []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), text, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range types {
		null, ok := c.Nullable()
		precision, scale, ok2 := c.DecimalSize()
		out = append(out, fmt.Sprint(c.Name(), c.DatabaseTypeName(), c.ScanType(), null, ok, precision, scale, ok2))
	}
	for rows.Next() {
		row, into := make([]any, len(types)), make([]any, len(types))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, v := range row {
			out = append(out, fmt.Sprintf("%T %v", v, v))
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestManyGoroutinesShareStatementsAndServers(t *testing.T) {
	f, dsn := fleet(t)
	db := open(t, dsn+"&max_open=4")
	st, err := db.PrepareContext(t.Context(), insert)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var wg sync.WaitGroup
	for w := range 32 {
		id := f.MemberOn(w%2, w/2)
		wg.Go(func() {
			for n := range 20 {
				if _, err := st.ExecContext(t.Context(), id.String(), n, "x"); err != nil {
					t.Error(err)
					return
				}
				var rows int
				if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM contacts WHERE member_id = ?", id.String()).Scan(&rows); err != nil || rows != n+1 {
					t.Errorf("%d rows after %d, %v", rows, n+1, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestContextEndsAStatement(t *testing.T) {
	f, dsn := fleet(t)
	db := open(t, dsn)
	id := f.MemberOn(0, 0)
	if _, err := db.ExecContext(t.Context(), insert, id.String(), 1, "x"); err != nil {
		t.Fatal(err)
	}
	lock, err := f.Admin[0].BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Rollback() //nolint:errcheck // it only holds a lock
	if _, err := lock.ExecContext(t.Context(), "SELECT * FROM contacts WHERE member_id = ? FOR UPDATE", id.String()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = db.ExecContext(ctx, "UPDATE contacts SET name = 'y' WHERE member_id = ?", id.String())
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, router.ErrUnknownOutcome) {
		t.Errorf("a write whose context ended: %v", err)
	}
}
