package binlog_test

import (
	"os"
	"testing"

	"github.com/berthdb/berth/tools/testcluster"
)

// The first server is the source, the second the target.
func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 2}))
}
