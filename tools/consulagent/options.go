package consulagent

import (
	"fmt"
	"log/slog"
)

// Options says what kind of agent to start. The zero value is a lone server
// for tests: no access control, plain HTTP, in a temporary directory.
type Options struct {
	// Dir is the directory that holds all the agent writes. What an earlier
	// agent left there is started again with its data. Empty means a new
	// temporary directory.
	Dir string
	// Port is the port of the HTTP API on 127.0.0.1. 0 means a free one.
	Port int
	// ACL turns access control on: everything is denied but to the token that
	// Agent.Token returns. False means no access control.
	ACL bool
	// TLS adds an HTTPS API with a certificate made for this agent, for
	// 127.0.0.1 and localhost. False means plain HTTP alone.
	TLS bool
	// ExtraHCL is more configuration in Consul's language, read after ours, so
	// that it wins: limits, session_ttl_min, and the like. Empty means none.
	ExtraHCL string
	// Log hears about slow things: a build. Nil discards it.
	Log *slog.Logger
}

func (o Options) check() error {
	if o.Port < 0 || o.Port > 65535 {
		return fmt.Errorf("start a Consul agent: port %d is not a TCP port", o.Port)
	}
	return nil
}
