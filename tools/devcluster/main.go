// Devcluster starts and stops real MySQL and Consul servers for development:
//
//	go run ./tools/devcluster up --dir /tmp/berth --shards 3
//	go run ./tools/devcluster down --dir /tmp/berth
//	go run ./tools/devcluster fetch --consul
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
