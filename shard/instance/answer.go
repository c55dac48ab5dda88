package instance

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
