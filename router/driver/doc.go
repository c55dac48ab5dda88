// Package driver is the database/sql driver "berth": any Go code on
// database/sql reaches every shard after one changed line.
//
//	import _ "github.com/berthdb/berth/router/driver"
//
//	db, err := sql.Open("berth", "consul://127.0.0.1:8500/berth?config=/etc/berth/berth.yaml")
//
// Each statement is read by router/scope and goes to the home of the member
// that its own text and parameters name; router.WithMember puts the member into
// the context instead, and then a statement of another member is refused. A
// transaction is bound to the member of its first statement, or of its
// context.
//
// The data source name is the store's URL (consul://HOST:PORT/PREFIX or
// file:///DIRECTORY) with options behind a question mark:
//
//	config         a berth.yaml with the rest; without it $BERTH_CONFIG,
//	               ./berth.yaml and /etc/berth/berth.yaml are looked for, unless
//	               the name itself says the user
//	user           the MySQL account
//	password_file  its password, read for every new connection; or password_env,
//	               the name of an environment variable; or password, for tests
//	tls            the TLS mode (disabled, preferred, required, verify-ca,
//	               verify-identity), and tls_ca, tls_cert, tls_key, tls_server_name
//	max_open       connections to each server
//	buffer_window  the longest that a statement waits for a member on the move
//	parseTime …    the options of the Go MySQL driver, by its names
//
// Go code that has a router.Router already uses its Connector with sql.OpenDB.
//
// # Caveats
//
// What ties a statement to no single member is refused: statements over many
// members go through router.Repository's Each and Scatter. Refused too are
// SET, LOCK TABLES and other changes of the session outside a transaction,
// transactions by text (BEGIN), XA, CALL, and several statements in one text.
// See router/scope for how a statement is read.
//
// sql.Open reads the name and does not connect, as with any driver. The first
// use opens the router, and the next one tries again if that failed; sql.DB's
// Close closes it. Each sql.Open has a router of its own, so open once a
// process. A password in the name is in the program's text or environment for
// all to see: password_file is for everything but tests.
//
// SetMaxOpenConns and its like bound sessions, which have no server of their
// own; max_open bounds the servers' connections.
//
// Importing the package registers the name "berth", in an init, which is
// database/sql's own convention.
package driver
