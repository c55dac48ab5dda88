package mysqld

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Options says what kind of server to start. The zero value is a server for
// tests: small, quick, in a temporary directory, gone when we are.
type Options struct {
	// Dir is the directory that holds all the server writes; it must be empty
	// or not exist yet, or hold what an earlier server left, which is then
	// started again with its data. Empty means a new temporary directory.
	Dir string
	// Port is the TCP port on 127.0.0.1. 0 means a free one.
	Port int
	// ServerID is the replication server id. 0 means the port's number, which
	// no other server on this machine has.
	ServerID uint32
	// BufferPoolMB is the InnoDB buffer pool in MiB. 0 means 64.
	BufferPoolMB int
	// RedoLogMB is the InnoDB redo log in MiB. 0 means 64; the least is 8.
	RedoLogMB int
	// MaxConnections is the server's limit on sessions. 0 means 1000.
	MaxConnections int
	// Durable flushes at every commit and writes pages twice, as a production
	// server does. False is quicker, and loses commits only with the machine.
	Durable bool
	// RootPassword and AppPassword are the passwords of root and of app. Empty
	// means TestRootPassword and TestAppPassword, which are no secret.
	RootPassword, AppPassword string
	// Flags are more arguments for mysqld, after ours, so that they win.
	Flags []string
	// Log hears about slow things: a fetch, a template being made. Nil
	// discards it.
	Log *slog.Logger
}

// The passwords of a server whose options name none.
const (
	TestRootPassword = "berth-root"
	TestAppPassword  = "berth-app"
)

func (o Options) withDefaults() (Options, error) {
	if o.BufferPoolMB == 0 {
		o.BufferPoolMB = 64
	}
	if o.RedoLogMB == 0 {
		o.RedoLogMB = 64
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 1000
	}
	if o.RootPassword == "" {
		o.RootPassword = TestRootPassword
	}
	if o.AppPassword == "" {
		o.AppPassword = TestAppPassword
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case o.Port < 0 || o.Port > 65535:
		return o, fmt.Errorf("start mysqld: port %d is not a TCP port", o.Port)
	case o.BufferPoolMB < 5:
		return o, fmt.Errorf("start mysqld: a buffer pool of %d MiB is below MySQL's least, 5", o.BufferPoolMB)
	case o.RedoLogMB < 8:
		return o, fmt.Errorf("start mysqld: a redo log of %d MiB is below MySQL's least, 8", o.RedoLogMB)
	case o.MaxConnections < 1:
		return o, fmt.Errorf("start mysqld: a limit of %d connections lets nobody in", o.MaxConnections)
	}
	for _, flag := range o.Flags {
		if !strings.HasPrefix(flag, "--") {
			return o, fmt.Errorf("start mysqld: %q is no option; options start with --", flag)
		}
	}
	if strings.ContainsAny(o.RootPassword+o.AppPassword, "\x00\n") {
		return o, errors.New("start mysqld: a password has a zero byte or a line end in it")
	}
	return o, nil
}
