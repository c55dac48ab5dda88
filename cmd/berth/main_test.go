package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/berthdb/berth/tools/testcluster"
)

// TestMain lets the test binary be the program berth when a script runs it, as
// a process of its own, and otherwise runs the tests between a start and an
// end of the servers.
func TestMain(m *testing.M) {
	testscript.Main(withServers{m}, map[string]func(){"berth": main})
}

type withServers struct{ m *testing.M }

func (w withServers) Run() int {
	return testcluster.Main(w.m, testcluster.Options{MySQL: 2, Consul: true})
}
