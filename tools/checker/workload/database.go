package workload

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/checker/history"
)

// Database is what a client sends statements to: a router.Member, or an *sql.DB.
type Database interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// Way is how a client reaches a member.
type Way func(member int64) Database

// Through is the way of the repository.
func Through(p *router.Repository) Way {
	return func(member int64) Database { return p.Member(member) }
}

// Schema makes the tables, on each shard.
func Schema() []string {
	return []string{
		"CREATE TABLE objects (member_id BIGINT NOT NULL, id BIGINT NOT NULL, reg BIGINT NOT NULL DEFAULT 0," +
			" n BIGINT NOT NULL DEFAULT 0, list MEDIUMTEXT NOT NULL, PRIMARY KEY (member_id, id))",
		"CREATE TABLE entries (member_id BIGINT NOT NULL, id BIGINT NOT NULL, seq BIGINT NOT NULL," +
			" value BIGINT NOT NULL, PRIMARY KEY (member_id, id, seq))",
	}
}

// Tables is what the map says of them.
func Tables() []shard.Table {
	return []shard.Table{
		{Name: "entries", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true},
		{Name: "objects", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true},
	}
}

// Make makes an object. Doing it again changes nothing.
func Make(ctx context.Context, db Database, o history.Object) error {
	_, err := db.ExecContext(ctx, "INSERT IGNORE INTO objects (member_id, id, list) VALUES (?, ?, '')", o.Member, o.Round)
	return err
}

// Remove removes an object. Doing it again changes nothing.
func Remove(ctx context.Context, db Database, o history.Object) error {
	for _, table := range []string{"objects", "entries"} {
		if _, err := db.ExecContext(ctx, "DELETE FROM "+table+" WHERE member_id = ? AND id = ?", o.Member, o.Round); err != nil {
			return err
		}
	}
	return nil
}

// Fetch reads all of an object at one moment.
func Fetch(ctx context.Context, db Database, o history.Object) (history.State, error) {
	var s history.State
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s, err
	}
	defer func() { _ = tx.Rollback() }()
	if s, err = fetchRow(ctx, tx, o); err != nil {
		return s, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT value FROM entries WHERE member_id = ? AND id = ? ORDER BY seq", o.Member, o.Round)
	if err != nil {
		return s, err
	}
	defer rows.Close()
	for rows.Next() {
		var v int64
		if err := rows.Scan(&v); err != nil {
			return s, err
		}
		s.Log = append(s.Log, v)
	}
	return s, rows.Err()
}

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// fetchRow reads the object's row: all but the log.
func fetchRow(ctx context.Context, db queryer, o history.Object) (history.State, error) {
	var s history.State
	var list string
	row := db.QueryRowContext(ctx, "SELECT reg, n, list FROM objects WHERE member_id = ? AND id = ?", o.Member, o.Round)
	if err := row.Scan(&s.Register, &s.Length, &list); err != nil {
		return s, err
	}
	var err error
	s.List, err = parse(list)
	return s, err
}

// parse reads the list's column: each value with a comma behind it.
func parse(text string) (list []int64, err error) {
	for part := range strings.SplitSeq(strings.TrimSuffix(text, ","), ",") {
		if part == "" && text == "" {
			return nil, nil
		}
		v, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the list %q is not what was written: %w", text, err)
		}
		list = append(list, v)
	}
	return list, nil
}
