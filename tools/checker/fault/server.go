package fault

import (
	"context"
	"time"

	"github.com/berthdb/berth/tools/checker/stage"
)

// KillServer kills a shard's mysqld as kill -9 does, and starts it again.
type KillServer struct{ Shard *stage.Shard }

func (f KillServer) String() string { return "kill -9 mysqld of " + f.Shard.Name }

// Inject kills it.
func (f KillServer) Inject(context.Context) error { return f.Shard.Server.Kill() }

// Heal starts it, and returns when it has recovered.
func (f KillServer) Heal(ctx context.Context) error { return f.Shard.Server.Restart(ctx) }

// Hold is short: the recovery comes on top.
func (f KillServer) Hold() (least, most time.Duration) { return 0, 3 * time.Second }

// DropConnections closes every connection to a shard's server.
type DropConnections struct{ Shard *stage.Shard }

func (f DropConnections) String() string { return "drop the connections to " + f.Shard.Name }

// Inject closes them.
func (f DropConnections) Inject(context.Context) error {
	f.Shard.Relay.Drop()
	return nil
}

// Heal has nothing to do: new ones are fine.
func (f DropConnections) Heal(context.Context) error { return nil }

// Hold is nothing.
func (f DropConnections) Hold() (least, most time.Duration) { return 0, 0 }

// HoldConnections lets nothing pass to a shard's server for a while, and then
// closes what was silent.
type HoldConnections struct{ Shard *stage.Shard }

func (f HoldConnections) String() string { return "no packet passes to " + f.Shard.Name }

// Inject lets nothing pass.
func (f HoldConnections) Inject(context.Context) error {
	f.Shard.Relay.Hold()
	return nil
}

// Heal closes what was held.
func (f HoldConnections) Heal(context.Context) error {
	f.Shard.Relay.Pass()
	return nil
}

// Hold is up to longer than a cutover waits.
func (f HoldConnections) Hold() (least, most time.Duration) {
	return 500 * time.Millisecond, 8 * time.Second
}
