// Package rows knows the rows of sharded tables on a server: a table's shape,
// and reading, loading, comparing and deleting the rows of given members.
//
// A Table is what Inspect finds, with what keeps its rows from being moved:
//
//	tables, err := rows.Inspect(ctx, a, slices.Collect(m.Tables()))
//	for _, t := range tables {
//		for _, problem := range t.Problems() { … } // each with its fix
//	}
//
// Members are walked in the server's order, and their rows copied from a
// session of one server to a session of the other, in a transaction that is
// the caller's:
//
//	from, err := rows.NewSource(ctx, connA) // pins the sessions' settings
//	to, err := rows.NewTarget(ctx, connB, rows.Fastest)
//	members, err := t.Members(ctx, connA, after, 1000)
//
//	_, err = connB.ExecContext(ctx, "BEGIN")
//	_, err = connB.ExecContext(ctx, "UPDATE … checkpoint …")
//	done, err := t.Copy(ctx, from, to, rows.Part{Members: members})
//	_, err = connB.ExecContext(ctx, "COMMIT")
//
// A member of very many rows is copied some at a time:
//
//	part := rows.Part{Members: []shard.Member{m}, Limit: 20000, After: stored}
//	done, err := t.Copy(ctx, from, to, part) // done.Last is the next After, if done.More
//
// # Without loss
//
// A value arrives as it is, whatever the type: both sessions have the same
// settings, character data and bytes travel as bytes, FLOAT as a double, ENUM
// and SET as numbers, and a JSON document whose text would change by being
// parsed, such as one with the DECIMAL 9.90, has such numbers put in one by
// one. Generated columns are computed by the target. LOAD DATA and INSERT give
// the same rows; INSERT takes about as long again on the target's side, and
// needs a max_allowed_packet that holds the largest row with its bytes
// escaped.
//
// What a server takes with a warning only, because the session is not strict
// or the statement says LOCAL, is an error here: a duplicate key, a value that
// was cut.
//
// # Caveats
//
// The parts of a member are of one moment only if they are read in one
// consistent snapshot. Otherwise a row whose key changes between two parts
// may come twice or not at all, which the tail of the binlog puts right, and a
// value of a unique key may move to a row that comes later, which the target
// then refuses as a duplicate.
//
// The pinned settings stay on the sessions. Take connections from a pool of
// the mover's own, without ParseTime, and close both after an error.
//
// Ordinary statements fire the target's triggers; BINLOG statements do not.
// The sessions set @berth_move, and Problems asks for INSERT and DELETE
// triggers that heed it.
//
// The text of a JSON document is the same on both sides; the type that JSON_TYPE
// tells need not be. A DATE, TIME, DATETIME or binary value in a document
// becomes the string it prints as, and a DECIMAL whose text a DOUBLE has too
// becomes a DOUBLE. A multi-valued index over such values refuses the strings,
// which shows as an error.
//
// A generated column whose expression warns makes Copy refuse its rows, as
// that warning can't be told from one about a value that was cut.
package rows
