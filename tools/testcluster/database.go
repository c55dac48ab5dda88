package testcluster

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/tools/mysqld"
)

// DB is a fresh database on a shared server, and who may use it.
type DB struct {
	Host     string
	Port     int
	Database string
	// User and Password are an application's account: it reads, writes and
	// changes tables, and administers nothing.
	User, Password string
	// AdminUser and AdminPassword may do everything.
	AdminUser, AdminPassword string
	// Server is the shared server the database is on.
	Server *mysqld.Server
}

// Database makes a database on shared server i and drops it when the test has
// ended. Its name starts with the test's, for who reads the server's log.
func Database(t testing.TB, i int) DB {
	t.Helper()
	s := current(t).server(t, i)
	db := DB{
		Host:          s.Host(),
		Port:          s.Port(),
		Database:      databaseName(t.Name()),
		User:          s.App().User,
		Password:      s.App().Password,
		AdminUser:     s.Root().User,
		AdminPassword: s.Root().Password,
		Server:        s.Server,
	}
	if _, err := s.admin.ExecContext(t.Context(), "CREATE DATABASE `"+db.Database+"`"); err != nil {
		t.Fatalf("create a database for the test on MySQL server %d: %v", i, err)
	}
	t.Cleanup(func() {
		if err := drop(s.admin, db.Database); err != nil {
			t.Errorf("drop the test's database on MySQL server %d: %v", i, err)
		}
	})
	return db
}

// databaseName is unique, and keeps to the letters that need no care in a DSN
// or a shell, and to MySQL's 64 characters.
func databaseName(test string) string {
	letters := func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}
	name := strings.Map(letters, strings.TrimPrefix(test, "Test"))
	return "t_" + name[:min(len(name), 40)] + "_" + strings.ToLower(rand.Text()[:10])
}

// drop ends the sessions that use the database first: one with an open
// transaction would hold up the drop for as long as it stays.
func drop(admin *sql.DB, database string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	rows, err := admin.QueryContext(ctx, "SELECT PROCESSLIST_ID FROM performance_schema.threads WHERE PROCESSLIST_DB = ? AND PROCESSLIST_ID IS NOT NULL", database)
	if err != nil {
		return err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, id := range ids {
		// One that has ended meanwhile is as good.
		_, _ = admin.ExecContext(ctx, fmt.Sprintf("KILL %d", id))
	}
	_, err = admin.ExecContext(ctx, "DROP DATABASE IF EXISTS `"+database+"`")
	return err
}

// Addr is HOST:PORT.
func (db DB) Addr() string { return net.JoinHostPort(db.Host, strconv.Itoa(db.Port)) }

// DSN is for sql.Open("mysql", dsn), as the application. It parses times.
func (db DB) DSN() string { return db.Server.DSN(db.Server.App(), db.Database) }

// AdminDSN is DSN for the administrator.
func (db DB) AdminDSN() string { return db.Server.DSN(db.Server.Root(), db.Database) }

// Open opens the database as the application, until the test ends.
func (db DB) Open(t testing.TB) *sql.DB {
	t.Helper()
	return open(t, db.DSN())
}

// OpenAdmin opens the database as the administrator, until the test ends.
func (db DB) OpenAdmin(t testing.TB) *sql.DB {
	t.Helper()
	return open(t, db.AdminDSN())
}

func open(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	pool, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Errorf("close a pool of connections: %v", err)
		}
	})
	return pool
}
