package main

import (
	"net"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/berthdb/berth/tools/testcluster"
	"testing"
)

// cmdHang opens a port whose connections are accepted by the kernel and never
// served: what a stopped server looks like from outside.
func cmdHang(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv("HUNG", l.Addr().String())
}

func consulURL(t testing.TB) string {
	store := testcluster.Consul(t)
	return "consul://" + store.Address + "/" + store.Prefix
}
