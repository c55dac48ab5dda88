package schema_test

import (
	"os"
	"strings"
	"testing"

	"github.com/berthdb/berth/schema"
	"github.com/berthdb/berth/tools/testcluster"
)

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 2}))
}

func TestOneShardIsMadeFromAnothersTables(t *testing.T) {
	from, to := testcluster.Database(t, 0).OpenAdmin(t), testcluster.Database(t, 1).OpenAdmin(t)
	ctx := t.Context()
	for _, statement := range []string{
		"CREATE TABLE parents (member_id BIGINT, id BIGINT AUTO_INCREMENT, PRIMARY KEY (member_id, id), KEY (id))",
		// By name it comes first, and refers to what comes later.
		"CREATE TABLE children (member_id BIGINT, id BIGINT, parent BIGINT, `odd ``name` JSON, PRIMARY KEY (member_id, id)," +
			" FOREIGN KEY (member_id, parent) REFERENCES parents (member_id, id))",
		"INSERT INTO parents (member_id) VALUES (1), (1)",
		"CREATE VIEW looks AS SELECT * FROM parents",
	} {
		if _, err := from.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"parents", "children", "looks", "absent"}
	want, err := schema.Load(ctx, from, names...)
	if err != nil || len(want) != 2 || want[0].Name != "children" || strings.Contains(want[1].SQL, "AUTO_INCREMENT=") {
		t.Fatalf("%+v, %v", want, err)
	}
	load := func() []schema.Table {
		have, err := schema.Load(ctx, to, names...)
		if err != nil {
			t.Fatal(err)
		}
		return have
	}
	if d := schema.Compare(want, load()); len(d) != 2 || d[0].String() != "children is missing" {
		t.Errorf("against an empty database: %v", d)
	}
	if err := schema.Create(ctx, to, want...); err != nil {
		t.Fatal(err)
	}
	if d := schema.Compare(want, load()); len(d) != 0 {
		t.Errorf("after Create: %v", d)
	}
	var checks int
	if err := to.QueryRowContext(ctx, "SELECT @@SESSION.foreign_key_checks").Scan(&checks); err != nil || checks != 1 {
		t.Errorf("foreign_key_checks is %d afterwards, %v", checks, err)
	}
	if _, err := to.ExecContext(ctx, "ALTER TABLE children MODIFY parent INT, ADD note TEXT, DROP FOREIGN KEY children_ibfk_1"); err != nil {
		t.Fatal(err)
	}
	d := schema.Compare(want, load())
	if len(d) != 1 || !strings.Contains(d[0].String(), "`parent` int") || !strings.Contains(d[0].String(), "`parent` bigint") {
		t.Errorf("after an ALTER: %v", d)
	}
	if err := schema.Create(ctx, to, want...); err == nil || !strings.Contains(err.Error(), "create table children") {
		t.Errorf("Create of what is there: %v", err)
	}
}
