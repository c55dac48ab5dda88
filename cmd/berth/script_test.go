package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/berthdb/berth/tools/testcluster"
)

var update = flag.Bool("update", false, "write what the commands print into the scripts")

// TestScripts runs the scripts of testdata/script, each with databases of its
// own on real servers. What they can do beside testscript's own commands:
//
//	shards N [consul]  makes N empty databases, $S1 to $SN as HOST:PORT/DATABASE,
//	                   and a berth.yaml whose store is a directory, or Consul
//	mysql N SQL        runs a statement on database N as an administrator
//	plain              writes the last standard output and error, without what
//	                   differs from run to run, to the files out and err
//	hang               opens a port that accepts and never answers, as $HUNG
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir) // where a cached map goes
			env.Setenv("NO_COLOR", "1")
			env.Values[placeKey{}] = &place{t: env.T().(testing.TB)}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"shards": cmdShards, "mysql": cmdMySQL, "plain": cmdPlain, "hang": cmdHang,
		},
		UpdateScripts:       *update,
		RequireExplicitExec: true,
	})
}

// place is what a script has of the servers.
type place struct {
	t   testing.TB
	dbs []testcluster.DB
}

type placeKey struct{}

func placeOf(ts *testscript.TestScript) *place { return ts.Value(placeKey{}).(*place) }

func cmdShards(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	p := placeOf(ts)
	for range n {
		i := len(p.dbs)
		db := testcluster.Database(p.t, i%2)
		p.dbs = append(p.dbs, db)
		ts.Setenv(fmt.Sprintf("S%d", i+1), db.Addr()+"/"+db.Database)
		ts.Setenv(fmt.Sprintf("A%d", i+1), db.Addr())
		ts.Setenv(fmt.Sprintf("DB%d", i+1), db.Database)
	}
	store := "file://" + ts.MkAbs("store")
	if len(args) > 1 && args[1] == "consul" {
		store = consulURL(p.t)
	}
	ts.Setenv("STORE", store)
	db := p.dbs[0]
	config := fmt.Sprintf("store: %s\nmysql:\n  user: %s\n  password: %s\nadmin:\n  user: %s\n  password: %s\nrouter:\n  cache_dir: %s\n",
		store, db.User, db.Password, db.AdminUser, db.AdminPassword, ts.MkAbs("cache"))
	ts.Check(os.WriteFile(ts.MkAbs("berth.yaml"), []byte(config), 0o600))
}

func cmdMySQL(ts *testscript.TestScript, neg bool, args []string) {
	p := placeOf(ts)
	i, err := strconv.Atoi(args[0])
	ts.Check(err)
	rows, err := p.dbs[i-1].OpenAdmin(p.t).QueryContext(p.t.Context(), strings.Join(args[1:], " "))
	ts.Check(err)
	defer rows.Close()
	columns, err := rows.Columns()
	ts.Check(err)
	for rows.Next() {
		values := make([]string, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		ts.Check(rows.Scan(into...))
		fmt.Fprintln(ts.Stdout(), strings.Join(values, "\t"))
	}
	ts.Check(rows.Err())
}

// volatile is what differs from run to run, and how it is written in scripts.
var volatile = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?`), "TIME"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`\d+\.\d+ ms`), "N ms"},
	{regexp.MustCompile(`"latency_ms": [0-9.]+`), `"latency_ms": N`},
	{regexp.MustCompile(`MySQL \d+\.\d+\.\d+[^ )]*`), "MySQL VERSION"},
	{regexp.MustCompile(`[0-9a-f]{16}\.map`), "CACHE.map"},
	{regexp.MustCompile(`\(process \d+\)`), "(process N)"},
	{regexp.MustCompile(`\b\d{6}-[a-z0-9]{5}\b`), "JOB"},
	{regexp.MustCompile(`\d+(\.\d)? [KMGTP]?i?B\b`), "N B"},
	{regexp.MustCompile(`\d+ sessions on shard (\S+) are of no router.*`), "N sessions on shard $1 are of no router"},
	{regexp.MustCompile(`rows +\d+ of \d+ members?`), "rows  N of N members"}, // the plan's estimates
	{regexp.MustCompile(`(\w+): \d+ rows?, N B`), "$1: N rows, N B"},
	{regexp.MustCompile(`(\S)  +`), "$1  "}, // widths depend on the above
}

func cmdPlain(ts *testscript.TestScript, neg bool, args []string) {
	p := placeOf(ts)
	for _, name := range []string{"stdout", "stderr"} {
		text := ts.ReadFile(name)
		for i, db := range p.dbs {
			text = strings.ReplaceAll(text, db.Database, fmt.Sprintf("app%d", i+1))
			text = strings.ReplaceAll(text, db.Addr(), fmt.Sprintf("SERVER%d", i%2+1))
		}
		text = strings.ReplaceAll(text, ts.Getenv("STORE"), "STORE")
		text = strings.ReplaceAll(text, filepath.Clean(ts.MkAbs(".")), "WORK")
		text = strings.ReplaceAll(text, author(), "ME")
		for _, v := range volatile {
			text = v.what.ReplaceAllString(text, v.as)
		}
		ts.Check(os.WriteFile(ts.MkAbs(map[string]string{"stdout": "out", "stderr": "err"}[name]), []byte(text), 0o600))
	}
}
