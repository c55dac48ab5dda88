package testcluster_test

import (
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/tools/testcluster"
)

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 2, Consul: true}))
}

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	var first testcluster.DB
	t.Run("makes a table/and leaks a transaction", func(t *testing.T) {
		first = testcluster.Database(t, 0)
		db := first.Open(t)
		for _, statement := range []string{"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		tx, err := testcluster.Database(t, 0).Open(t).Begin()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback() })
		if _, err := tx.Exec("SELECT * FROM `" + first.Database + "`.t FOR UPDATE"); err != nil {
			t.Fatal(err)
		}
	})
	second := testcluster.Database(t, 0)
	if second.Database == first.Database {
		t.Error("two tests got one database")
	}
	var left int
	err := second.OpenAdmin(t).QueryRowContext(t.Context(),
		"SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?", first.Database).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("the first test's database is left %d times: %v", left, err)
	}
}

func TestServersAreDifferentOnes(t *testing.T) {
	a, b := testcluster.Database(t, 0), testcluster.Database(t, 1)
	if a.Addr() == b.Addr() || testcluster.Server(t, 0) == testcluster.Server(t, 1) {
		t.Error("servers 0 and 1 are one")
	}
	var database string
	if err := b.Open(t).QueryRowContext(t.Context(), "SELECT DATABASE()").Scan(&database); err != nil || database != b.Database {
		t.Errorf("on the second server: %q, %v", database, err)
	}
}

func TestEachTestHasItsOwnKeys(t *testing.T) {
	client := func(t *testing.T, kv testcluster.ConsulKV) *api.KV {
		c, err := api.NewClient(&api.Config{Address: kv.Address})
		if err != nil {
			t.Fatal(err)
		}
		return c.KV()
	}
	var first testcluster.ConsulKV
	t.Run("writes a key", func(t *testing.T) {
		first = testcluster.Consul(t)
		if !strings.HasPrefix(first.URL(), "consul://127.0.0.1:") {
			t.Errorf("URL %s", first.URL())
		}
		if _, err := client(t, first).Put(&api.KVPair{Key: first.Prefix + "/map"}, nil); err != nil {
			t.Fatal(err)
		}
	})
	second := testcluster.Consul(t)
	if first.Prefix == second.Prefix {
		t.Error("two tests got one prefix")
	}
	if keys, _, err := client(t, second).Keys(first.Prefix, "", nil); err != nil || len(keys) > 0 {
		t.Errorf("the first test's keys are left: %v, %v", keys, err)
	}
}
