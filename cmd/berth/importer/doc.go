// Package importer streams the rows of a text file to their members' shards.
//
//	in, err := importer.Open("contacts.csv", importer.Format{Delimiter: ','})
//	layout, err := importer.NewLayout(in.Header, table, nil, "")
//	result, err := importer.Run(ctx, importer.Config{
//		Repo: repo, Table: table, Info: info, Input: in, Layout: layout,
//		State: "contacts.csv.berth-import", Rejects: "contacts.csv.rejects.csv",
//	})
//
// The file is read in chunks of some thousand rows. A chunk's rows are dealt to
// the shards that own their members, written there side by side, each shard in
// the file's order, and when all are committed the place in the file is saved
// beside it. Meanwhile the next chunk is read. A row that can't be imported goes
// to the rejects with the line's number and the reason, and nothing stops.
//
// # Members on the move
//
// A batch is a transaction on a shard as a whole, which a freeze of any of the
// shard's members waits for. After it has begun, the current map is asked again
// for the home of each row's member; if one has moved the transaction is rolled
// back and its rows are dealt anew. So rows never land where their member is not.
//
// # What a broken import leaves
//
// When the table's primary key is among the file's columns (the line's number
// can be one: LineColumn), a row that is written twice is the same row, and an
// import that was stopped in any way, a crash included, goes on with nothing
// lost or doubled. The price: rows of the last chunk that the application has
// changed meanwhile are set back to what the file says.
//
// Otherwise it is exact after Ctrl-C, which sees what is under way to its end.
// After a crash, or a shard that stayed away, the rows of the last chunk may be
// there or not, and Run refuses to go on unless it is told to (Anyway).
//
// # Caveats
//
// A table whose rows have another unique key, or whose primary key is without
// the member column, is written with plain INSERTs, and rows that are there
// already one by one: MySQL's ON DUPLICATE KEY UPDATE could change another
// member's row that has the same value. It is slower when most rows are there.
//
// Of a quoted field no more than 64 MiB are read: a quote that never ends would
// otherwise take in the rest of the file.
package importer
