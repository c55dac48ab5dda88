package main

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

// TestMoveSettings: a server that is not set up for a move is told of in the
// plan, with the statement that mends it.
func TestMoveSettings(t *testing.T) {
	p := newPlace(t, "", 1)
	own := testcluster.OwnMySQL(t, mysqld.Options{})
	admin := testcluster.DB{Server: own}.OpenAdmin(t)
	set := func(statement string) {
		t.Helper()
		if _, err := admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	p.must(append([]string{"init"}, p.shards...)...)
	p.must("shard", "add", "own", own.Addr()+"/app")
	for _, c := range []struct{ broken, mend, says string }{
		{"SET GLOBAL read_only = ON", "SET GLOBAL read_only = OFF", "read_only"},
		{"SET GLOBAL binlog_row_image = MINIMAL", "SET GLOBAL binlog_row_image = FULL", "shard own: error: binlog_row_image is MINIMAL, and should be FULL: a move needs all columns of a changed row to know its member; run: SET PERSIST binlog_row_image = FULL"},
		{"SET GLOBAL binlog_row_value_options = PARTIAL_JSON", "SET GLOBAL binlog_row_value_options = ''", "binlog_row_value_options is PARTIAL_JSON"},
		{"SET GLOBAL offline_mode = ON", "SET GLOBAL offline_mode = OFF", "offline_mode is ON, and should be OFF"},
	} {
		set(c.broken)
		status, out, errs := p.berth(t.Context(), "split", "-", "--at", "80", "--to", "own")
		set(c.mend)
		if status != exitFailed || !strings.Contains(errs, "refused: ") || !strings.Contains(errs, c.says) {
			t.Errorf("after %q: exit status %d\n%s%s", c.broken, status, out, errs)
		}
	}
	p.must("split", "-", "--at", "80", "--to", "own", "--dry-run")
}
