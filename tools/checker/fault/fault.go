package fault

import (
	"context"
	"fmt"
	"time"
)

// Fault is one thing that goes wrong. A Fault is used once: Inject, a while,
// Heal, which returns when what was struck works again.
type Fault interface {
	fmt.Stringer // for people, as "kill -9 router r2"
	Inject(ctx context.Context) error
	Heal(ctx context.Context) error
	// Hold is between how short and how long it should last.
	Hold() (least, most time.Duration)
}
