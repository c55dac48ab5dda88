package instance

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// DB runs statements on one server, in the shard's database: *sql.DB or
// *sql.Conn of a Connector. The functions of this package that take one act on
// the connection's own database (SELECT DATABASE()).
type DB interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Identity says which shard a database of a server is. It replicates, so a
// shard's replicas have the same.
type Identity struct {
	Cluster   string    // the map's cluster id
	Shard     string    // the shard's name
	Database  string    // filled in by ReadIdentity
	CreatedAt time.Time // the same
	CreatedBy string    // for people: who ran the command
}

func (i Identity) short() string { return "shard " + i.Shard }

func (i Identity) long() string {
	if i.Shard == "" {
		return "of cluster " + i.Cluster
	}
	return "shard " + i.Shard + " of cluster " + i.Cluster
}

// ErrNoIdentity: the database was never given to a shard.
var ErrNoIdentity = errors.New("the database was never given to a shard")

// TakenError: the database belongs to another shard already.
type TakenError struct {
	Want, Found Identity
}

func (e *TakenError) Error() string {
	next := "use another database, or take that shard out of its map first (berth shard remove)"
	if e.Found.Cluster != e.Want.Cluster {
		next = "use another database, or look for the map of that cluster"
	}
	return fmt.Sprintf("the database %s can't become %s: it is %s since %s: %s", e.Found.Database,
		e.Want.long(), e.Found.long(), e.Found.CreatedAt.UTC().Format(time.RFC3339), next)
}

// What berth keeps on a server lives in a database of its own, with rows by
// the name of the shard's database, since several shards may share a server
// while they are small. Names compare by bytes.
var sidecar = []string{
	"CREATE DATABASE IF NOT EXISTS `_berth` DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
	"CREATE TABLE IF NOT EXISTS `_berth`.`identity` (" +
		" database_name VARCHAR(64) NOT NULL PRIMARY KEY," +
		" cluster VARCHAR(64) NOT NULL," +
		" shard VARCHAR(64) NOT NULL," +
		" created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)," +
		" created_by VARCHAR(255) NOT NULL" +
		") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
	"CREATE TABLE IF NOT EXISTS `_berth`.`fence` (" +
		" database_name VARCHAR(64) NOT NULL," +
		" span VARCHAR(280) NOT NULL," +
		" min_epoch BIGINT UNSIGNED NOT NULL," +
		" updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)," +
		" updated_by VARCHAR(255) NOT NULL," +
		" PRIMARY KEY (database_name, span)" +
		") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
}

// Identify gives the database to a shard: it makes berth's tables where they
// are missing and writes the identity. Doing it again changes nothing. A
// TakenError refuses a database that is another shard's, before anything is
// made; of two at once, one wins and the other is refused.
func Identify(ctx context.Context, db DB, want Identity) error {
	if want.Cluster == "" || want.Shard == "" {
		return errors.New("identify server: a cluster id and a shard's name are needed")
	}
	switch found, err := ReadIdentity(ctx, db); {
	case err == nil:
		return sameIdentity(want, found)
	case !errors.Is(err, ErrNoIdentity):
		return err
	}
	for _, statement := range sidecar {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("make berth's tables on the server for %s: %w", want.long(), err)
		}
	}
	_, err := db.ExecContext(ctx, "INSERT INTO `_berth`.`identity` (database_name, cluster, shard, created_by) VALUES (DATABASE(), ?, ?, ?)",
		want.Cluster, want.Shard, want.CreatedBy)
	if err != nil && !isDuplicateKey(err) {
		return fmt.Errorf("write the identity %s: %w", want.long(), err)
	}
	found, err := ReadIdentity(ctx, db)
	if err != nil {
		return err
	}
	return sameIdentity(want, found)
}

func sameIdentity(want, found Identity) error {
	if want.Cluster != found.Cluster || want.Shard != found.Shard {
		return &TakenError{Want: want, Found: found}
	}
	return nil
}

// ReadIdentity is the identity of the database, or ErrNoIdentity.
func ReadIdentity(ctx context.Context, db DB) (Identity, error) {
	var database sql.NullString
	if err := db.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&database); err != nil {
		return Identity{}, fmt.Errorf("read the server's identity: %w", err)
	}
	if !database.Valid {
		return Identity{}, errors.New("read the server's identity: the connection has no database")
	}
	var i Identity
	var seconds float64 // a number, so that the driver's options for times don't matter
	err := db.QueryRowContext(ctx, "SELECT database_name, cluster, shard, UNIX_TIMESTAMP(created_at), created_by FROM `_berth`.`identity` WHERE database_name = DATABASE()").
		Scan(&i.Database, &i.Cluster, &i.Shard, &seconds, &i.CreatedBy)
	switch {
	case errors.Is(err, sql.ErrNoRows), IsNoSuchTable(err), IsUnknownDatabase(err):
		return Identity{}, fmt.Errorf("%w: %s", ErrNoIdentity, database.String)
	case err != nil:
		return Identity{}, fmt.Errorf("read the identity of database %s: %w", database.String, err)
	}
	i.CreatedAt = time.UnixMicro(int64(seconds * 1e6)).UTC()
	return i, nil
}

// Forget takes the database away from the shard, which must be the one it has:
// its identity and its fence rows go, in one transaction. Every hello there is
// refused from then on. A database without identity is fine.
func Forget(ctx context.Context, db *sql.DB, want Identity) error {
	found, err := ReadIdentity(ctx, db)
	if errors.Is(err, ErrNoIdentity) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := sameIdentity(want, found); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("forget %s: %w", want.long(), err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
	_, err = tx.ExecContext(ctx, "DELETE FROM `_berth`.`fence` WHERE database_name = ?", found.Database)
	if err == nil {
		_, err = tx.ExecContext(ctx, "DELETE FROM `_berth`.`identity` WHERE database_name = ? AND cluster = ? AND shard = ?",
			found.Database, want.Cluster, want.Shard)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return fmt.Errorf("forget %s: %w", want.long(), err)
	}
	return nil
}
