package move_test

import (
	"os"
	"testing"

	"github.com/berthdb/berth/tools/testcluster"
)

func TestMain(m *testing.M) {
	if os.Getenv(workerDir) != "" {
		os.Exit(workerProcess())
	}
	os.Exit(testcluster.Main(m, testcluster.Options{Consul: true}))
}
