package router

import (
	"testing"

	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

// The server's last prepared statement is kept by a connection that is idle:
// one that has none to give up must not fail for it.
func TestIdleConnectionsGiveUpTheirStatementsForOneThatHasNone(t *testing.T) {
	server := testcluster.OwnMySQL(t, mysqld.Options{})
	f := testfleet.New(t, testfleet.Options{Shards: 1, On: []*mysqld.Server{server}})
	_, p := within(t, f)
	ctx := t.Context()
	a, b := f.MemberOn(0, 0), f.MemberOn(0, 1)
	first, err := p.Member(a).BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.Member(b).BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Rollback() //nolint:errcheck // after the commit it has nothing to do
	if _, err := first.ExecContext(ctx, insertContact, a.String(), 1, "x"); err != nil {
		t.Fatal(err)
	}
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Admin[0].Exec("SET GLOBAL max_prepared_stmt_count = 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := second.ExecContext(ctx, insertContact, b.String(), 1, "x"); err != nil {
		t.Fatal(err)
	}
	if err := second.Commit(); err != nil {
		t.Fatal(err)
	}
}
