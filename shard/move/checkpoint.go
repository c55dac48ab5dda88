package move

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// errSuperseded: another worker took the job up, or another job the members.
var errSuperseded = errors.New("another worker has taken this job up")

// The mover's tables on a server, beside instance's, with rows by the name of
// the shard's database. originTable is the one that every transaction of the
// mover changes first.
const originTable = "move_lanes"

var moverTables = []string{
	"CREATE TABLE IF NOT EXISTS `_berth`.`move_jobs` (" +
		" database_name VARCHAR(64) NOT NULL," +
		" job VARCHAR(64) NOT NULL," +
		" span VARCHAR(280) NOT NULL," +
		" generation BIGINT UNSIGNED NOT NULL," +
		" worker VARCHAR(255) NOT NULL," +
		" PRIMARY KEY (database_name, job)" +
		") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
	"CREATE TABLE IF NOT EXISTS `_berth`.`move_lanes` (" +
		" database_name VARCHAR(64) NOT NULL," +
		" job VARCHAR(64) NOT NULL," +
		" lane VARCHAR(32) NOT NULL," +
		" generation BIGINT UNSIGNED NOT NULL," +
		" seq BIGINT UNSIGNED NOT NULL," + // one more with every transaction
		" position LONGTEXT NOT NULL," + // GTID set of the other server that this lane is through with
		" PRIMARY KEY (database_name, job, lane)" +
		") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
	"CREATE TABLE IF NOT EXISTS `_berth`.`move_chunks` (" +
		" database_name VARCHAR(64) NOT NULL," +
		" job VARCHAR(64) NOT NULL," +
		" table_name VARCHAR(64) NOT NULL," +
		" low VARCHAR(255) NOT NULL," + // members above it; empty: from the first
		" high VARCHAR(255) NOT NULL," + // up to it; empty: to the last
		" after LONGTEXT NULL," + // of a chunk written in parts: the last key; NULL: the chunk is done
		" row_count BIGINT NOT NULL," +
		" byte_count BIGINT NOT NULL," +
		" PRIMARY KEY (database_name, job, table_name, low)" +
		") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
}

// makeTables makes the mover's tables where they are missing.
func makeTables(ctx context.Context, db instance.DB) error {
	for _, statement := range moverTables {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("make the mover's tables: %w", err)
		}
	}
	return nil
}

// claim raises the job's generation on the server, which waits for the last
// transaction of whoever had the one before and shuts out the next one. With
// target set, other jobs' generations for members of the span end: what they
// still meant to clean up may be served soon.
func claim(ctx context.Context, db *sql.DB, job string, span shard.Span, worker string, target bool) (generation uint64, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
	if target {
		if err := endOthers(ctx, tx, job, span); err != nil {
			return 0, err
		}
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO `_berth`.`move_jobs` (database_name, job, span, generation, worker) VALUES (DATABASE(), ?, ?, 1, ?)"+
		" ON DUPLICATE KEY UPDATE generation = generation + 1, worker = VALUES(worker)", job, span.String(), worker)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, "SELECT generation FROM `_berth`.`move_jobs` WHERE database_name = DATABASE() AND job = ?", job).Scan(&generation)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, "UPDATE `_berth`.`move_lanes` SET generation = ? WHERE database_name = DATABASE() AND job = ?", generation, job)
	if err != nil {
		return 0, err
	}
	return generation, tx.Commit()
}

func endOthers(ctx context.Context, tx *sql.Tx, job string, span shard.Span) error {
	// All rows, the job's own too, in their order: two that claim at once wait
	// for each other and don't end in a deadlock.
	rows, err := tx.QueryContext(ctx, "SELECT job, span FROM `_berth`.`move_jobs` WHERE database_name = DATABASE() ORDER BY job FOR UPDATE")
	if err != nil {
		return err
	}
	var old []string
	for rows.Next() {
		var other, text string
		if err := rows.Scan(&other, &text); err != nil {
			return errors.Join(err, rows.Close())
		}
		s, err := shard.ParseSpan(text)
		if err != nil {
			return errors.Join(err, rows.Close())
		}
		if other != job && overlaps(span, s) {
			old = append(old, other)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, other := range old {
		if err := forget(ctx, tx, other); err != nil {
			return err
		}
	}
	return nil
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// forget removes all rows of the job from the server.
func forget(ctx context.Context, db execer, job string) error {
	for _, table := range []string{"move_lanes", "move_chunks", "move_jobs"} {
		_, err := db.ExecContext(ctx, "DELETE FROM `_berth`.`"+table+"` WHERE database_name = DATABASE() AND job = ?", job)
		if err != nil {
			return fmt.Errorf("remove the job's rows from _berth.%s: %w", table, err)
		}
	}
	return nil
}

// token is the right to write to a server under one lane's row: every
// transaction begins by turning the row from this sequence number to the next,
// and ends if that changes nothing.
type token struct {
	job, lane  string
	generation uint64
	seq        uint64
	position   string // GTID set, as text
}

// loadToken reads the lane's row, or makes it at that position.
func loadToken(ctx context.Context, db instance.DB, job, lane string, generation uint64, position string) (*token, error) {
	_, err := db.ExecContext(ctx, "INSERT IGNORE INTO `_berth`.`move_lanes` (database_name, job, lane, generation, seq, position) VALUES (DATABASE(), ?, ?, ?, 0, ?)",
		job, lane, generation, position)
	if err != nil {
		return nil, fmt.Errorf("make lane %s of job %s: %w", lane, job, err)
	}
	t := &token{job: job, lane: lane, generation: generation}
	return t, t.reload(ctx, db)
}

// reload reads the row again, after a transaction whose end is not known.
func (t *token) reload(ctx context.Context, db instance.DB) error {
	var generation uint64
	err := db.QueryRowContext(ctx, "SELECT generation, seq, position FROM `_berth`.`move_lanes` WHERE database_name = DATABASE() AND job = ? AND lane = ?",
		t.job, t.lane).Scan(&generation, &t.seq, &t.position)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return errSuperseded
	case err != nil:
		return fmt.Errorf("read lane %s of job %s: %w", t.lane, t.job, err)
	case generation != t.generation:
		return errSuperseded
	}
	return nil
}

// begin starts a transaction of the mover on conn. Its first change is the
// lane's row, which is the origin mark and the check at once.
func (t *token) begin(ctx context.Context, conn execer, position string) error {
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	result, err := conn.ExecContext(ctx, "UPDATE `_berth`.`move_lanes` SET seq = seq + 1, position = ?"+
		" WHERE database_name = DATABASE() AND job = ? AND lane = ? AND generation = ? AND seq = ?",
		position, t.job, t.lane, t.generation, t.seq)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if n != 1 && !checkpointCompare.off() {
		return errSuperseded
	}
	return nil
}

// committed notes that the transaction begun with that position is in.
func (t *token) committed(position string) { t.seq, t.position = t.seq+1, position }

// savedChunk is a row of move_chunks.
type savedChunk struct {
	table       string
	low, high   string
	after       sql.NullString
	rows, bytes int64
}

func (c savedChunk) done() bool { return !c.after.Valid }

// save keeps the chunk's row, in the transaction that wrote its rows.
func (c savedChunk) save(ctx context.Context, conn execer, job string) error {
	_, err := conn.ExecContext(ctx, "INSERT INTO `_berth`.`move_chunks` (database_name, job, table_name, low, high, after, row_count, byte_count)"+
		" VALUES (DATABASE(), ?, ?, ?, ?, ?, ?, ?)"+
		" ON DUPLICATE KEY UPDATE high = VALUES(high), after = VALUES(after), row_count = row_count + VALUES(row_count), byte_count = byte_count + VALUES(byte_count)",
		job, c.table, c.low, c.high, c.after, c.rows, c.bytes)
	if err != nil {
		return fmt.Errorf("record a chunk of table %s: %w", c.table, err)
	}
	return nil
}

// savedChunks reads what has been copied, in no order.
func savedChunks(ctx context.Context, db instance.DB, job string) (chunks []savedChunk, err error) {
	rows, err := db.QueryContext(ctx, "SELECT table_name, low, high, after, row_count, byte_count FROM `_berth`.`move_chunks` WHERE database_name = DATABASE() AND job = ?", job)
	if err != nil {
		return nil, fmt.Errorf("read the job's chunks: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c savedChunk
		if err := rows.Scan(&c.table, &c.low, &c.high, &c.after, &c.rows, &c.bytes); err != nil {
			return nil, fmt.Errorf("read the job's chunks: %w", err)
		}
		chunks = append(chunks, c)
	}
	return chunks, rows.Err()
}
