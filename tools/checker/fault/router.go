package fault

import (
	"context"
	"time"

	"github.com/berthdb/berth/tools/checker/stage"
)

// CutRouter cuts a router off from Consul, and from nothing else.
// Its connections are silent, and not closed.
type CutRouter struct{ Router *stage.Router }

func (f CutRouter) String() string { return "cut router " + f.Router.Name() + " from Consul" }

// Inject cuts it off.
func (f CutRouter) Inject(context.Context) error {
	f.Router.Relay.Hold()
	return nil
}

// Heal lets it through again.
func (f CutRouter) Heal(context.Context) error {
	f.Router.Relay.Pass()
	return nil
}

// Hold is up to longer than the router's session in Consul lives.
func (f CutRouter) Hold() (least, most time.Duration) { return 3 * time.Second, 25 * time.Second }

// StopRouter stops a router's process, clients and all, and wakes it.
type StopRouter struct{ Router *stage.Router }

func (f StopRouter) String() string { return "SIGSTOP router " + f.Router.Name() }

// Inject stops it.
func (f StopRouter) Inject(context.Context) error { return f.Router.Freeze() }

// Heal wakes it.
func (f StopRouter) Heal(context.Context) error { return f.Router.Thaw() }

// Hold is up to longer than a cutover takes.
func (f StopRouter) Hold() (least, most time.Duration) { return time.Second, 12 * time.Second }

// RestartCutRouter kills a router's process and starts it again while it can't
// reach Consul, so that it begins with the last map that it kept.
type RestartCutRouter struct{ Router *stage.Router }

func (f RestartCutRouter) String() string {
	return "kill -9 router " + f.Router.Name() + ", and start it without Consul"
}

// Inject cuts it off, kills it, and starts it.
func (f RestartCutRouter) Inject(ctx context.Context) error {
	f.Router.Relay.Hold()
	if err := f.Router.Kill(); err != nil {
		return err
	}
	return f.Router.Start(ctx)
}

// Heal lets it through again.
func (f RestartCutRouter) Heal(context.Context) error {
	f.Router.Relay.Pass()
	return nil
}

// Hold is as with CutRouter.
func (f RestartCutRouter) Hold() (least, most time.Duration) {
	return 3 * time.Second, 15 * time.Second
}

// KillRouter kills a router's process. What its clients had under way has an
// unknown outcome.
type KillRouter struct{ Router *stage.Router }

func (f KillRouter) String() string { return "kill -9 router " + f.Router.Name() }

// Inject kills it.
func (f KillRouter) Inject(context.Context) error { return f.Router.Kill() }

// Heal starts it again, as a new incarnation.
func (f KillRouter) Heal(ctx context.Context) error { return f.Router.Start(ctx) }

// Hold is short.
func (f KillRouter) Hold() (least, most time.Duration) { return 0, 3 * time.Second }
