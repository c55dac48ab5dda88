package archtest

// rule says what one of our packages may import of our packages. Names are
// relative to the module; "x/..." is x and all below it; "..." is all.
type rule struct {
	pkg   string
	may   []string // imports of its code
	tests []string // imports that its tests have besides, and those of every test
}

// The plan, bottom to top. Dependencies point upwards in this list only.
var rules = []rule{
	{pkg: "shard"},
	{pkg: "shard/storetest", may: []string{"shard"}},
	{pkg: "shard/consul", may: []string{"shard"}},
	{pkg: "shard/file", may: []string{"shard"}},
	{pkg: "shard/instance", may: []string{"shard"}},
	{pkg: "schema/...", may: []string{"shard", "schema/..."}, tests: []string{"shard/instance"}},
	{pkg: "shard/move/...", may: []string{"shard", "shard/instance", "shard/move/..."}, tests: []string{"shard/consul", "shard/file"}},
	{pkg: "router/scope", may: []string{"shard"}},
	{pkg: "router", may: []string{"shard", "shard/instance", "router/scope"}, tests: []string{"shard/consul", "shard/file"}},
	{pkg: "configs", may: []string{"shard", "shard/consul", "shard/file", "shard/instance", "router"}},
	{pkg: "router/driver", may: []string{"shard", "shard/instance", "router", "configs"}, tests: []string{"shard/consul", "router/scope"}},
	{pkg: "router/mysqlfront", may: []string{"shard", "shard/instance", "router", "router/scope"}, tests: []string{"shard/consul", "shard/file"}},
	{pkg: "router/httpapi", may: []string{"shard", "router"}, tests: []string{"shard/consul", "shard/file", "shard/instance"}},
	{pkg: "cmd/...", may: []string{"..."}},
	{pkg: "tools/...", may: []string{"..."}},
}

// everyTest is what any test may import: the real servers, and the contract.
var everyTest = []string{"tools/...", "shard/storetest"}

// library says which of our packages know a library that is not ours. The
// others see our own types, so that it can be upgraded, or left, in one place.
type library struct {
	path  string   // its import path, or the beginning of it
	users []string // packages of ours, as in rule
	tests []string // packages whose tests use it besides
}

// The libraries of weight. The longest path that fits an import counts.
var libraries = []library{
	{path: "vitess.io/vitess", tests: []string{"shard"}}, // whose keyspace ids must equal Vitess's
	{path: "vitess.io/vitess/go/vt/sqlparser", users: []string{"router/scope"}},
	{path: "vitess.io/vitess/go/vt/schemadiff", users: []string{"schema"}},
	{path: "github.com/hashicorp/consul/api", users: []string{"shard/consul"}, tests: []string{"router", "tools/..."}},
	{path: "github.com/go-mysql-org/go-mysql", users: []string{"shard/move/..."}},
	{path: "github.com/go-sql-driver/mysql", users: []string{"shard/instance", "tools/..."}, tests: []string{"..."}},
	{path: "github.com/cespare/xxhash", users: []string{"shard"}},
	{path: "github.com/sony/gobreaker", users: []string{"router"}},
	{path: "github.com/fsnotify/fsnotify", users: []string{"shard/file"}},
	{path: "github.com/goccy/go-yaml", users: []string{"configs", "tools/..."}, tests: []string{"cmd/..."}},
	{path: "github.com/spf13/cobra", users: []string{"cmd/...", "tools/..."}},
	{path: "github.com/jedib0t/go-pretty", users: []string{"cmd/...", "tools/..."}},
}

// folders are all that the top level holds, apart from hidden ones.
var folders = []string{"cmd", "configs", "router", "schema", "shard", "tools", "bin"}

// nameless are folder names that say nothing about what is inside.
var nameless = []string{"internal", "pkg", "util", "utils", "common", "helper", "helpers", "misc", "lib"}
