package shard

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNoMap: the store was asked and has no map (never made, or deleted).
	ErrNoMap = errors.New("the store has no shard map")
	// ErrConflict: the stored map is not the one the change was made from.
	ErrConflict = errors.New("the shard map was changed by someone else meanwhile")
	// ErrUnknownOutcome: the change was sent and its answer lost; load the map
	// and compare Digest to learn whether it was made.
	ErrUnknownOutcome = errors.New("it is not known whether the shard map was changed")
	// ErrNoEpoch: the history does not go back that far, or not yet on.
	ErrNoEpoch = errors.New("the history has no such epoch")
	// ErrLocked: somebody else holds the lock; errors.As finds a *LockedError.
	ErrLocked = errors.New("locked")
)

// HistoryLength is how many past epochs a store keeps at least.
const HistoryLength = 200

// Store keeps the one map of a cluster, its history, the routers that use it,
// and the locks of jobs. It is safe for concurrent use, and all calls obey
// their context. storetest has the contract as a test.
type Store interface {
	// Load is the current map, never an older one than a finished Swap put
	// there. ErrNoMap when there is none; ErrCorrupt when it can't be read.
	Load(ctx context.Context) (*Map, error)

	// Swap replaces the map old by next, or makes the first map when old is
	// nil, if and only if the stored map is exactly old (by Digest). Next must
	// pass old.CheckNext. Errors: ErrConflict, ErrUnknownOutcome, ErrTooLarge.
	Swap(ctx context.Context, old, next *Map) error

	// Watch reports to fn, one call at a time, until ctx ends, which is its
	// only way to return: the map at once and whenever it changes (epochs may
	// be skipped), the same map again each time the store has confirmed it (at
	// least every ConfirmEvery while all is well), and every failure to find
	// it out. It goes on after any failure by itself.
	Watch(ctx context.Context, fn func(Event)) error

	// At is the map of a past or the present epoch, or ErrNoEpoch.
	At(ctx context.Context, epoch uint64) (*Map, error)

	// History lists the epochs that At can give, oldest first.
	History(ctx context.Context) ([]uint64, error)

	// Register announces a router until the Registration is closed or the
	// process is gone.
	Register(ctx context.Context, r RouterState) (Registration, error)

	// Routers lists the routers that are registered now.
	Routers(ctx context.Context) ([]RouterState, error)

	// Lock takes the named lock, without waiting: ErrLocked when somebody,
	// in this process or another, holds it.
	Lock(ctx context.Context, name, holder string) (Lock, error)

	// String is the store's URL without any secret, for messages.
	String() string

	// Close ends what the store keeps open and waits for it.
	Close() error
}

// ConfirmEvery is the longest that Watch stays silent.
const ConfirmEvery = 12 * time.Second

// Event is what Watch reports: exactly one of its fields is set.
type Event struct {
	Map *Map
	Err error // what failed; ErrNoMap and ErrCorrupt are the store's own answers
}

// RouterState is what a router tells of itself in the store.
type RouterState struct {
	Incarnation string    `json:"incarnation"` // random, new at each start of the process
	Name        string    `json:"name"`        // for people: host and program
	Version     string    `json:"version"`
	Epoch       uint64    `json:"epoch"`             // of the map it routes by
	Drained     uint64    `json:"drained,omitempty"` // acknowledgement: of this epoch, all that it froze has been answered or ended
	SeenAt      time.Time `json:"seen_at"`           // when the store heard from it last; set by the store
}

// Registration keeps one router announced.
type Registration interface {
	// Announce replaces the state; the incarnation must stay the same.
	Announce(ctx context.Context, r RouterState) error
	// Lost is closed once the store may hold the router for gone.
	Lost() <-chan struct{}
	// Close takes the router out of the list.
	Close() error
}

// Lock is a held lock.
type Lock interface {
	// Lost is closed once somebody else may hold the lock.
	Lost() <-chan struct{}
	// Unlock gives it back.
	Unlock(ctx context.Context) error
}

// LockedError says who holds the lock.
type LockedError struct {
	Name, Holder string
	Since        time.Time
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("lock %s is held by %s since %s", e.Name, e.Holder, e.Since.Format(time.RFC3339))
}

// Is makes errors.Is(err, ErrLocked) true.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }
