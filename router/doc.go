// Package router sends each statement to its member's home.
//
// A Router follows the map in a store and keeps connections to the shards'
// primaries. On top of it there are two ways to the data, which share one path:
// the Repository, which names the member in the call, and Connector, which
// gives any code on database/sql one database whose statements are routed by
// their own text and parameters.
//
//	r, err := router.Open(ctx, router.Config{
//		Store:    store,
//		Instance: instance.Config{User: "app", Password: instance.FromFile("/run/secrets/app")},
//	})
//	if err != nil {
//		return err
//	}
//	defer r.Close()
//	repo := router.NewRepository(r)
//	defer repo.Close()
//
//	var name string
//	err = repo.Member(42).QueryRowContext(ctx,
//		"SELECT name FROM contacts WHERE member_id = ? AND id = ?", 42, 7).Scan(&name)
//
// Each statement is judged by router/scope before it reaches a server: one
// that is not tied to its member in every sharded table is refused. A
// transaction is bound to one member.
//
// While a member is on the move its statements wait in a bounded buffer and
// then go to its new home; those of others never wait. When the store is away,
// routing goes on by the last good map, also in a process that starts
// meanwhile, from the cache file.
//
// # Errors
//
// What the server answers is passed on as it is. Anything else is a
// *StatementError around one of the package's sentinels, and Retryable says
// whether the statement provably did not take effect. A statement whose
// outcome is unknown is reported with ErrUnknownOutcome and never sent again.
//
// # Caveats
//
// Session state does not outlive a transaction: SET, temporary tables, locks
// and user variables are refused outside one, and inside one the connection is
// closed when it ends. LAST_INSERT_ID() is answered by the result of the
// INSERT, not by a query after it. A transaction is begun by BeginTx, never by
// text. A context that ends while a statement is under way leaves its outcome
// unknown, as with any driver; the session is then ended on the server.
//
// DESIGN.md beside this file says how what is in flight is counted, and why no
// write is lost when a member moves.
package router
