// Package instance is one MySQL server as a router, the mover or the command
// line sees it: connecting, hello, identity, fence, sessions, settings. It is
// the only package that knows berth's own tables on a server.
//
//	c, err := instance.NewConnector(instance.Config{
//		Address: "10.0.0.1:3306", Database: "app",
//		User: "app", Password: instance.FromFile("/etc/berth/app.password"),
//		Expect:      instance.Expect{Cluster: m.Cluster(), Shard: "a", UUID: uuid},
//		Epoch:       func() uint64 { return current().Epoch() },
//		Incarnation: incarnation,
//	})
//	conn, err := c.Open(ctx)       // dialled, logged in, hello passed
//	db := sql.OpenDB(c)            // or a pool of such connections
//
//	if _, fenced := conn.Fenced(shard.Int(42), m.Epoch()); fenced {
//		// not for member 42 before a newer map; other members go on
//	}
//
// # Hello
//
// Before anything else every new connection asks one question: which shard of
// which cluster is this database, which server is it and does it take writes,
// and which spans are fenced above the caller's epoch. A wrong answer is
// refused (ErrRefused), with an error that says what was found and what to do.
// There is no reconnecting behind the caller's back, so there is no connection
// without hello, but for those of Config.WithoutHello.
//
// Hello also pins what a router depends on and a server's configuration may
// have otherwise: the sql_modes that change how a statement is read are taken
// away, autocommit is on, completion_type is NO_CHAIN, the character set is
// utf8mb4. The rest of sql_mode, time_zone and the isolation level stay.
//
// # Errors
//
// Errors are asked what they allow. Definite: did the statement provably not
// run? Unavailable: should a breaker count it? And the Is… predicates for what
// a server answers.
//
// # Caveats
//
// A Conn's fence is as old as its hello. A server fenced later ends the
// sessions that have not acknowledged; it does not tell them.
//
// Statements can change what hello pinned (SET sql_mode = …, USE …). Whoever
// hands out a Conn has to keep such statements away from it.
//
// An account that may write to the database _berth can lower a fence. Give
// applications SELECT on it and no more (Grant), or refuse its tables.
//
// Commit on a connection that broke before gives an error that looks like an
// unknown outcome, as the driver does not tell: ask IsValid first. If that is
// false before Commit is called, COMMIT was never sent.
package instance
