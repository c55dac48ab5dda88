// Package binlog reads a MySQL server's binlog as transactions of row images,
// and gives row images to another server, whose own applier takes them. No
// value is decoded, printed or parsed on the way: what a replica of the source
// would have, the target has, bit for bit.
//
//	s, err := binlog.Open(ctx, binlog.Config{Address: a, User: "berth", Password: p}, position)
//	prepare, err := binlog.NewSession(s.Format(), binlog.Idempotent)
//	for _, q := range prepare {
//		conn.ExecContext(ctx, q) // once for each session of the target
//	}
//	batch, err := binlog.NewBatch(s.Format(), 0)
//	for {
//		event, err := s.Next(ctx)
//		switch e := event.(type) {
//		case binlog.Rows:
//			for i, image := range e.After {
//				m, err := e.Table.Member(image, memberColumn, unsigned, shard.Integer)
//				// … not this member's? leave it out …
//				if e.Kind == binlog.Update && !e.Table.Same(e.Before[i], image, keyColumns) {
//					batch.Delete(e.Table, "app", e.Before[i])
//				}
//				batch.Write(e.Table, "app", image)
//			}
//		case binlog.Commit:
//			// BEGIN; the checkpoint row, at e.GTID; batch.Statements(); COMMIT
//			batch.Reset()
//		}
//	}
//
// # Reading
//
// Position is a Set of GTIDs. A transaction counts as received when its Commit
// was given out, and a Stream opened after Received goes on with the next one.
// A Stream never reconnects, so that nothing comes twice behind its user's back.
// It holds one event of the binlog at a time, of compressed transactions
// (binlog_transaction_compression) too, however long they are; of those the
// compressed form is held whole, as the server sends it. Checksums are verified
// where the server writes them.
//
// The stream gives a transaction's rows before its end has come. That is sound
// because a binlog has committed transactions only; the exceptions (XA, and
// what tables without transactions leave) are Unsupported.
//
// # Writing
//
// A Batch makes BINLOG statements: a table description with the database's name
// exchanged, then rows to write and rows to delete, in the order they were
// added. They run in the caller's transaction, beside its own statements, and
// are in the target's binlog under its own GTID and server id. Foreign keys are
// not checked, unique keys are; triggers do not fire; generated columns, defaults
// and ON UPDATE come as the source had them; the AUTO_INCREMENT counter goes on
// after the highest value written.
//
// In Idempotent mode a written row takes the place of the one with its primary
// key, and of all others that have one of its unique values: those are gone.
// Strict fails instead, with error 1062, or 1032 for a row to delete that is not
// there.
//
// # Caveats
//
// The tables of both servers must have the same columns, by type and in order,
// the hidden ones of functional indexes excepted. The server refuses (error
// 1677) what it can see of a difference, which is not a swapped pair of columns.
//
// What a foreign key's action changed in other tables is in the binlog from
// MySQL 9.6 on only. Before that, the rows of a cascade never arrive.
//
// Same compares bytes. A primary key that a collation takes for unchanged may
// have changed: then a delete and a write are right as well.
//
// A BINARY column's value comes without the zeros at its end. Member puts them
// back; Field does not.
//
// A row needs a third more than its size in one statement, so that a row of
// three quarters of the target's max_allowed_packet is too big (ErrTooBig).
//
// The session's clock stands still during a BINLOG statement and after it, until
// the last of Batch.Statements.
package binlog
