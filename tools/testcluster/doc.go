// Package testcluster gives tests real MySQL servers and a real Consul agent.
//
// One set of servers serves all the tests of a package: they are started when
// the first test asks, side by side, and ended after the last. What a test gets
// of them is its own: a fresh database, a fresh prefix in Consul's key-value
// store, both removed when the test ends.
//
//	func TestMain(m *testing.M) {
//		os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 2, Consul: true}))
//	}
//
//	func TestSomething(t *testing.T) {
//		home := testcluster.Database(t, 0)   // on the first server
//		other := testcluster.Database(t, 1)  // on the second
//		store := testcluster.Consul(t)
//		db := home.Open(t)                   // *sql.DB as the application
//		admin := home.OpenAdmin(t)           // *sql.DB as root
//		...
//	}
//
// A test that kills, freezes or reconfigures a server takes one for itself:
//
//	s := testcluster.OwnMySQL(t, mysqld.Options{})
//	agent := testcluster.OwnConsul(t, consulagent.Options{})
//
// It costs two seconds for a MySQL and one for a Consul, so tests that don't
// need it share.
//
// # Caveats
//
// Tests that share a server share its global variables, accounts and binlog:
// leave those as they are, or take a server of your own. Databases are dropped
// with whatever sessions still use them ended first, so a test that leaks a
// transaction is not noticed here.
//
// The first run on a machine fetches MySQL (half a minute) and builds Consul
// (minutes); go test's own timeout counts meanwhile. Run
// `go run ./tools/devcluster fetch --consul` once before.
package testcluster
