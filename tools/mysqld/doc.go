// Package mysqld starts real MySQL servers for tests, demos and development
// clusters, on a machine with or without MySQL on it.
//
//	s, err := mysqld.Start(ctx, mysqld.Options{})
//	if err != nil {
//		return err
//	}
//	defer s.Close()                            // killed, its directory removed
//	db, err := sql.Open("mysql", s.DSN(s.Root(), ""))
//
// The server listens on 127.0.0.1 and a free port, with GTIDs, row events,
// LOAD DATA LOCAL, TLS and the performance schema on, and with three accounts:
// root, who may do all; app, who may do what an application's account may; and
// repl, who may replicate.
//
// # Where the server comes from
//
// BERTH_MYSQLD names one; else the mysqld on the PATH is taken if it is MySQL
// 8.0 or later (MariaDB is passed over); else the cache's private copy. On
// Debian, which packages MySQL only in its unstable suite, the private copy is
// fetched there with apt, from the archive the machine already uses and with
// its keys, unpacked into the cache, and run with the C library it came with:
// nothing is installed and nothing of the machine changes.
//
// # Why it is quick
//
// Initialising a data directory takes seconds. It is done once for each
// version; a server starts on a copy, with its own UUID and a redo log of a
// few megabytes. Durability is off unless asked for: a test's server that
// loses power has lost nothing anybody wants. Note that this is durability
// against the machine; a killed process loses no commit either way.
//
// # What is left behind
//
// Nothing: see package proc. A server of which Detach was called outlives the
// program, and its data stays.
//
// # Caveats
//
// The TLS certificates are MySQL's own, made with the template, so all servers
// of one cache share them, and they name no host: verify the authority
// (Server.CAFile), not the name. On distributions that confine mysqld
// with AppArmor a mysqld from the PATH may be refused its data directory; the
// error then shows the server's own log.
package mysqld
