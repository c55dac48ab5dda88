//go:build tools

// Package build exists to pin the Consul agent that berth's tests and
// development clusters run against. Nothing imports it: tools/consulagent
// builds the command named below from this directory, so that the exact
// version, and the checksum of every module under it, is recorded in this
// folder's go.mod and go.sum and not in the product's.
package build

import _ "github.com/hashicorp/consul"
