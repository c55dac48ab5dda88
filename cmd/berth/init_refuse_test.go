package main

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

// TestInitChecksServers: all servers are checked before anything is written to
// one of them, and what to run is said.
func TestInitChecksServers(t *testing.T) {
	own := testcluster.OwnMySQL(t, mysqld.Options{})
	admin := testcluster.DB{Server: own}.OpenAdmin(t)
	p := newPlace(t, "", 1)
	init := append([]string{"init", "--shard", "own=" + own.Addr() + "/app"}, p.shards...)
	for _, c := range []struct {
		name, set, reset string
		says             string
	}{
		{"read-only", "SET GLOBAL read_only = ON", "SET GLOBAL read_only = OFF", "read_only is ON, and should be OFF: a primary takes writes"},
		{"rows are not whole", "SET GLOBAL binlog_row_image = MINIMAL", "SET GLOBAL binlog_row_image = FULL", "run: SET PERSIST binlog_row_image = FULL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := admin.ExecContext(t.Context(), c.set); err != nil {
				t.Fatal(err)
			}
			status, out, errs := p.berth(t.Context(), init...)
			if _, err := admin.ExecContext(t.Context(), c.reset); err != nil {
				t.Fatal(err)
			}
			if status != 1 || out != "" || !strings.Contains(errs, c.says) || !strings.Contains(errs, "1 of 2 servers can't be used, and nothing was changed") {
				t.Errorf("exit status %d: %s%s", status, out, errs)
			}
			if _, err := instance.ReadIdentity(t.Context(), p.admin("s1", p.dbs["s1"])); err == nil {
				t.Error("the other server was given to a shard already")
			}
		})
	}
	p.must(init...)
	if status, _, errs := p.berth(t.Context(), "shard", "remove", "own"); status != 1 || !strings.Contains(errs, "owns -80") {
		t.Errorf("exit status %d: %s", status, errs)
	}
}
