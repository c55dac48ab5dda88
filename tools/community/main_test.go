package community_test

import (
	"os"
	"testing"

	"github.com/berthdb/berth/tools/testcluster"
)

func TestMain(m *testing.M) { os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 1})) }
