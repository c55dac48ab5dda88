package router

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// CursorTable is the sharded table that Sync keeps its cursors in, beside the
// member's rows, so that they move with the member. berth init makes it.
const CursorTable = "berth_cursors"

// CursorTableDDL is the statement that makes CursorTable.
func CursorTableDDL(members shard.Members) string {
	column := quoteName(members.Column) + " BIGINT NOT NULL"
	if members.Type == shard.String {
		column = quoteName(members.Column) + " VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL"
	}
	return "CREATE TABLE IF NOT EXISTS " + quoteName(CursorTable) + " (\n" +
		"  " + column + ",\n" +
		"  `source` VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,\n" +
		"  `cursor` MEDIUMBLOB NOT NULL,\n" +
		"  `updated_at` TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),\n" +
		"  PRIMARY KEY (" + quoteName(members.Column) + ", `source`)\n" +
		") ENGINE=InnoDB"
}

// SyncFunc applies what the source has for the member since cursor (empty for
// the first time) through tx, and gives the cursor to go on from. It may be
// run again when the transaction provably did not commit.
type SyncFunc func(ctx context.Context, tx *sql.Tx, cursor []byte) (next []byte, err error)

// errPanicked is what a sync came to whose function never returned.
var errPanicked = errors.New("the sync's function panicked")

// Sync brings one member up to date with one outside source: it reads the
// member's cursor for the source, runs fn in one transaction at the member's
// home, and stores the next cursor in that same transaction. So neither a
// crash nor a move loses a change or repeats one. Two syncs of the same member
// and source take turns.
//
// How many syncs run on a shard at once is bounded, and the bound falls when
// the shard is slow to answer; members that were never synced have at most
// half of it. Sync waits for its turn as long as ctx lets it.
//
// What takes long outside is better fetched before, from Cursor on, and
// applied in fn if the cursor is still the same.
func (p *Repository) Sync(ctx context.Context, id any, source string, fn SyncFunc) error {
	m := p.Member(id)
	home, err := m.Home()
	if err != nil {
		return fmt.Errorf("sync member %v from %s: %w", id, source, err)
	}
	_, known, err := m.cursor(ctx, m, source, "")
	if err != nil {
		return fmt.Errorf("sync member %s from %s: read its cursor: %w", m.ID(), source, err)
	}
	turn, err := p.limits.of(home.Shard.Name).acquire(ctx, !known)
	if err != nil {
		return fmt.Errorf("sync member %s from %s: wait for a turn on shard %s: %w", m.ID(), source, home.Shard.Name, err)
	}
	var outside time.Duration // spent in fn, which says nothing about the shard
	begun := time.Now()
	err = errPanicked
	defer func() { turn.release(time.Since(begun)-outside, err) }() // also when fn panics
	err = m.InTx(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
		cursor, known, err := m.cursor(ctx, tx, source, " FOR UPDATE")
		if err != nil {
			return err
		}
		at := time.Now()
		next, err := fn(ctx, tx, cursor)
		outside += time.Since(at)
		if err != nil {
			return err
		}
		return m.storeCursor(ctx, tx, source, next, known)
	})
	if err != nil {
		return fmt.Errorf("sync member %s from %s: %w", m.ID(), source, err)
	}
	return nil
}

// Cursor is where the member's next sync from the source goes on; nil when
// there was none yet.
func (m Member) Cursor(ctx context.Context, source string) ([]byte, error) {
	cursor, _, err := m.cursor(ctx, m, source, "")
	return cursor, err
}

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (m Member) cursor(ctx context.Context, db queryer, source, lock string) (cursor []byte, known bool, err error) {
	members := m.p.r.Map().Members()
	query := "SELECT `cursor` FROM " + quoteName(CursorTable) + " WHERE " + quoteName(members.Column) + " = ? AND `source` = ?" + lock
	err = db.QueryRowContext(ctx, query, members.Type.Value(m.rt.member), source).Scan(&cursor)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return cursor, err == nil, err
}

// storeCursor inserts the first cursor and updates a later one. When two first
// syncs meet, the primary key lets one of the two inserts through and fails the
// other, whose transaction then has to run again from the new cursor.
func (m Member) storeCursor(ctx context.Context, tx *sql.Tx, source string, next []byte, known bool) error {
	members := m.p.r.Map().Members()
	id := members.Type.Value(m.rt.member)
	if next == nil {
		next = []byte{}
	}
	if known {
		_, err := tx.ExecContext(ctx, "UPDATE "+quoteName(CursorTable)+" SET `cursor` = ? WHERE "+quoteName(members.Column)+" = ? AND `source` = ?", next, id, source)
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO "+quoteName(CursorTable)+" ("+quoteName(members.Column)+", `source`, `cursor`) VALUES (?, ?, ?)", id, source, next)
	if instance.IsDuplicateKey(err) {
		return &StatementError{Member: m.rt.member, Ran: RanNot, Err: fmt.Errorf("another first sync came before: %w", err)}
	}
	return err
}
