// Package history is the record of what clients asked for and what they were
// told, from which package verdict judges a run.
//
// A process of clients writes one file, a line an event: a call before it is
// sent, a return when it has ended. A process that is killed leaves calls
// without returns, whose outcome is unknown.
//
//	w, err := history.Create("round-3/r1.jsonl")
//	id := w.Call(history.Call{Client: 4, Object: o, Kind: history.Append, Value: 4000017})
//	…
//	w.Return(id, history.Return{Outcome: history.OK})
//	…
//	ops, err := history.Load("round-3")   // of all its files, by the time of their calls
//
// An object is one row of the table objects and its rows of the table entries:
// a register, an append list in one text column, and a log of one row an entry.
//
// # Caveats
//
// Times are those of the machine's monotonic clock, which all its processes
// share and which goes on while a process is stopped: histories of two machines,
// or across a restart of one, can't be joined.
package history
