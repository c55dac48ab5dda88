// Command loadgen runs a community's traffic (tools/community) against a
// cluster that is there already, and prints once a second what each shard does:
//
//	go run ./tools/loadgen --config DIR/berth.yaml --seconds 30
//
// It needs the community's tables on every shard and in the map's catalogue, as
// the demo makes them. With --load it writes the community's rows first, which
// may be repeated. What is written is the same for the same --seed; when it is
// written is not, since that depends on the servers.
//
// It exits with 1 when a statement failed, and names the first that did.
package main
