package instance

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// isServerError reports whether the server answered with one of the numbers,
// or with any error when none is given.
func isServerError(err error, numbers ...uint16) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && (len(numbers) == 0 || slices.Contains(numbers, e.Number))
}

// IsAccessDenied reports a wrong password or a missing privilege.
func IsAccessDenied(err error) bool {
	// ER_DBACCESS_DENIED, ER_ACCESS_DENIED, ER_TABLEACCESS_DENIED,
	// ER_COLUMNACCESS_DENIED, ER_SPECIFIC_ACCESS_DENIED, ER_ACCESS_DENIED_NO_PASSWORD
	return isServerError(err, 1044, 1045, 1142, 1143, 1227, 1698)
}

// IsUnknownDatabase reports that there is no such database.
func IsUnknownDatabase(err error) bool { return isServerError(err, 1049) } // ER_BAD_DB

// IsNoSuchTable reports that there is no such table.
func IsNoSuchTable(err error) bool { return isServerError(err, 1146) } // ER_NO_SUCH_TABLE

// IsReadOnly reports a write that a read-only server did not take.
func IsReadOnly(err error) bool {
	if isServerError(err, 1836) { // ER_READ_ONLY_MODE
		return true
	}
	// ER_OPTION_PREVENTS_STATEMENT is about any option; the message names it,
	// in every language alike.
	var e *mysql.MySQLError
	return errors.As(err, &e) && e.Number == 1290 && strings.Contains(e.Message, "read-only")
}

// IsShutdown reports that the server is going down, or is taken out of service.
func IsShutdown(err error) bool {
	return isServerError(err, 1053, 3032, 3168) // ER_SERVER_SHUTDOWN, ER_SERVER_OFFLINE_MODE, ER_SERVER_ISNT_AVAILABLE
}

// IsTooManyConnections reports that a limit on connections is reached, the
// server's or the account's.
func IsTooManyConnections(err error) bool {
	return isServerError(err, 1040, 1203, 1226) // ER_CON_COUNT, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED
}

// IsDeadlock reports that the transaction was rolled back to end a deadlock.
func IsDeadlock(err error) bool { return isServerError(err, 1213) }

// IsLockTableFull reports that there was no memory left for locks, for which
// the whole transaction was rolled back.
func IsLockTableFull(err error) bool { return isServerError(err, 1206) }

// IsLockWaitTimeout reports that a lock did not come free in time. Only the
// statement was rolled back, unless innodb_rollback_on_timeout is on.
func IsLockWaitTimeout(err error) bool { return isServerError(err, 1205) }

// IsKilled reports that the statement was ended by KILL or by its own limit
// of time.
func IsKilled(err error) bool {
	return isServerError(err, 1317, 3024, 3169) // ER_QUERY_INTERRUPTED, ER_QUERY_TIMEOUT, ER_SESSION_WAS_KILLED
}

// isTimedOutIdle reports that the server had ended the session for having been
// idle too long, before the statement came.
func isTimedOutIdle(err error) bool { return isServerError(err, 4031) } // ER_CLIENT_INTERACTION_TIMEOUT

func isDuplicateKey(err error) bool { return isServerError(err, 1062) } // ER_DUP_ENTRY

func isNoSuchThread(err error) bool { return isServerError(err, 1094) } // ER_NO_SUCH_THREAD
