package move_test

import (
	"os"
	"testing"

	"github.com/berthdb/berth/tools/testcluster"
)

func TestMain(m *testing.M) {
	if os.Getenv(workerStore) != "" {
		os.Exit(workerProcess())
	}
	os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 2, Consul: true}))
}
