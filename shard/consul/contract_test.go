package consul_test

import (
	"flag"
	"os"
	"testing"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/storetest"
	"github.com/berthdb/berth/tools/testcluster"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// These tests wait for sessions and time limits for the most part: as many
	// at once as there are processors would be too few.
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" || f.Name == "test.fuzz" })
	if !asked {
		if err := flag.Set("test.parallel", "16"); err != nil {
			panic(err)
		}
	}
	os.Exit(testcluster.Main(m, testcluster.Options{Consul: true}))
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Place {
		kv := testcluster.Consul(t)
		return storetest.Place{
			Open: func() (shard.Store, error) {
				return consul.Open(consul.Config{Address: kv.Address, Prefix: kv.Prefix})
			},
			Put: func(b []byte) error { return put(t, kv.Address, kv.Prefix, b) },
		}
	})
}

// client is an operator's own access to Consul.
func client(t testing.TB, address, token string) *api.Client {
	t.Helper()
	c, err := api.NewClient(&api.Config{Address: address, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// put replaces or deletes the map's key as an operator would.
func put(t testing.TB, address, prefix string, b []byte) error {
	kv := client(t, address, "").KV()
	if b == nil {
		_, err := kv.Delete(prefix+"/map", nil)
		return err
	}
	_, err := kv.Put(&api.KVPair{Key: prefix + "/map", Value: b}, nil)
	return err
}
