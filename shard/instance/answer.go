package instance

import (
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
)

// IsServerError reports whether the error is the server's own answer, so that
// the statement is over and the connection as good as before.
func IsServerError(err error) bool { return isServerError(err) }

// IsTooManyPrepared reports that the server holds as many prepared statements
// as its max_prepared_stmt_count allows.
func IsTooManyPrepared(err error) bool { return isServerError(err, 1461) }

// IsRollback reports that the server answered by rolling the transaction back:
// a deadlock, or a COMMIT that it refused for being read-only or by its
// replication group.
func IsRollback(err error) bool {
	return IsDeadlock(err) || IsReadOnly(err) || isServerError(err, 3101) // ER_TRANSACTION_ROLLBACK_DURING_COMMIT
}

// IsDuplicateKey reports that a row with that key is there already.
func IsDuplicateKey(err error) bool { return isDuplicateKey(err) }

// IsBadData reports that the server refused the values and not the statement,
// so that the same statement may be fine with other ones.
func IsBadData(err error) bool {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return false
	}
	// WARN_DATA_TRUNCATED, ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ER_WRONG_VALUE,
	// ER_CHECK_CONSTRAINT_VIOLATED
	if isServerError(err, 1265, 1366, 1525, 3819) {
		return true
	}
	switch string(e.SQLState[:2]) {
	case "22", // data exception
		"23", // integrity constraint violation
		"44", // WITH CHECK OPTION
		"45": // a trigger's SIGNAL
		return true
	}
	return false
}

// ServerMessage is what the server answered, with its number; empty when the
// error is not the server's.
func ServerMessage(err error) string {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return ""
	}
	return fmt.Sprintf("%s (%d)", e.Message, e.Number)
}
