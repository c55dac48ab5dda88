package fault

import (
	"context"
	"time"

	"github.com/berthdb/berth/tools/consulagent"
)

// RestartConsul stops the agent, which keeps its data, and starts it again.
type RestartConsul struct{ Agent *consulagent.Agent }

func (f RestartConsul) String() string { return "restart Consul" }

// Inject kills it: it has no time to say good-bye.
func (f RestartConsul) Inject(context.Context) error { return f.Agent.Kill() }

// Heal starts it, and returns when it has a leader.
func (f RestartConsul) Heal(ctx context.Context) error { return f.Agent.Restart(ctx) }

// Hold is short: the election comes on top.
func (f RestartConsul) Hold() (least, most time.Duration) { return 0, 5 * time.Second }
