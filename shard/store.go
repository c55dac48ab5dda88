package shard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

var (
	// ErrNoMap: the store was asked and has no map (never made, or deleted).
	ErrNoMap = errors.New("the store has no shard map")
	// ErrConflict: what is stored is not what the change was made from.
	ErrConflict = errors.New("changed by someone else meanwhile")
	// ErrUnknownOutcome: the change was sent and its answer lost; load the map
	// and compare Digest, or the record and compare its value, to learn whether
	// it was made.
	ErrUnknownOutcome = errors.New("it is not known whether the change was made")
	// ErrNoEpoch: the history does not go back that far, or not yet on.
	ErrNoEpoch = errors.New("the history has no such epoch")
	// ErrLocked: somebody else holds the lock; errors.As finds a *LockedError.
	ErrLocked = errors.New("locked")
	// ErrWentBack: the store has a map that is older than one it gave before,
	// as after a restore from a backup.
	ErrWentBack = errors.New("the store's shard map went back")
	// ErrClosed: the store was used after Close.
	ErrClosed = errors.New("the store is closed")
)

// HistoryLength is how many past epochs a store keeps at least.
const HistoryLength = 200

// Store keeps the one map of a cluster, its history, the routers that use it,
// and the records and locks of jobs. It is safe for concurrent use, and all calls obey
// their context. storetest has the contract as a test.
type Store interface {
	// Load is the current map, never an older one than a finished Swap put
	// there. ErrNoMap when there is none; ErrCorrupt when it can't be read.
	Load(ctx context.Context) (*Map, error)

	// Swap replaces the map old by next, or makes the first map when old is
	// nil, if and only if the stored map is exactly old (by Digest). Next must
	// pass old.CheckNext. Errors: ErrConflict, ErrUnknownOutcome, ErrTooLarge;
	// after any other, the change was not made and will not be.
	Swap(ctx context.Context, old, next *Map) error

	// Watch reports to fn, one call at a time, until ctx ends or the store is
	// closed, which are its only ways to return: the map at once and whenever
	// it changes (epochs may be skipped), the same *Map again each time the
	// store has confirmed it (at least every ConfirmEvery while all is well),
	// and every failure to find it out (at least as often). It goes on after
	// any failure by itself. One Watch never gives an older map after a newer
	// one: a store that went back is reported as ErrWentBack until it has
	// caught up.
	Watch(ctx context.Context, fn func(Event)) error

	// At is the map of a past or the present epoch, or ErrNoEpoch.
	At(ctx context.Context, epoch uint64) (*Map, error)

	// History lists the epochs that At can give, oldest first.
	History(ctx context.Context) ([]uint64, error)

	// Register announces a router until the Registration is closed or the
	// process is gone. It fails only when the store can't be reached or
	// refuses now; once it has succeeded the Registration keeps itself up.
	Register(ctx context.Context, r RouterState) (Registration, error)

	// Routers lists the routers that are registered now.
	Routers(ctx context.Context) ([]RouterState, error)

	// Record is one record, never an older one than a finished PutRecord put
	// there, or ErrNoRecord.
	Record(ctx context.Context, kind, name string) (Record, error)

	// Records lists the records of one kind by name, as current as Record.
	// None is no error.
	Records(ctx context.Context, kind string) ([]Record, error)

	// PutRecord makes a record whose Version is 0, or else replaces exactly
	// that version, and returns it with its new one. Errors: ErrConflict,
	// ErrUnknownOutcome, ErrTooLarge; after any other, the change was not made
	// and will not be.
	PutRecord(ctx context.Context, r Record) (Record, error)

	// DeleteRecord deletes exactly the version that r has; the value is not
	// looked at. A record that is not there any more is no error. Errors as
	// PutRecord's.
	DeleteRecord(ctx context.Context, r Record) error

	// Lock takes the named lock, without waiting: ErrLocked when somebody,
	// in this process or another, holds it.
	Lock(ctx context.Context, name, holder string) (Lock, error)

	// String is the store's URL without any secret, for messages.
	String() string

	// Close ends all watches, registrations and locks and waits for them.
	// Calls after it fail with ErrClosed.
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
	Pauses      []Pause   `json:"pauses,omitempty"`  // what its clients felt of the latest cutovers, the latest last; at most 8
	SeenAt      time.Time `json:"seen_at"`           // when the store heard from it last; set by the store
}

// Pause is what one router's clients felt of a span that was frozen and is
// live again. A router that had to hold back nothing has none.
type Pause struct {
	Attempt   string    `json:"attempt"`
	Span      Span      `json:"span"`
	Held      int       `json:"held"`             // statements that had to wait
	Failed    int       `json:"failed,omitempty"` // of them, those that did not get to run: no room, too long, or given up by their callers
	LongestMs float64   `json:"longest_ms"`       // the longest wait, from when a statement was held to when it was let go on
	EndedAt   time.Time `json:"ended_at"`         // when the last of them was
}

// Registration keeps one router announced, and announces it again by itself
// after the store lost it: a restart, a hang, a loss of all data.
type Registration interface {
	// Announce replaces the state; the incarnation must stay the same. After
	// an error the state may or may not be in the store, and is sent again in
	// the background until it is there or replaced.
	Announce(ctx context.Context, r RouterState) error
	// Held reports whether the store has the router on its list for certain,
	// by this process's own clock. It is false as soon as the store may hold
	// the router for gone, and true again once it has been announced anew. It
	// is cheap enough to ask before every read from a replica.
	Held() bool
	// Close takes the router out of the list.
	Close() error
}

// Lock is a held lock. It saves two jobs from doing the same work; it is no
// fence. A process may be paused between looking at Lost and acting, so what
// must not happen twice is decided by Swap.
type Lock interface {
	// Lost is closed once somebody else may hold the lock.
	Lost() <-chan struct{}
	// Unlock gives it back. Unlocking what was lost or unlocked is no error.
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

// CheckName refuses a lock's name, a record's, or a router's incarnation that
// some store could not keep: it is part of a Consul key and of a file's name.
func CheckName(what, name string) error {
	if name == "" || len(name) > 128 || name[0] == '.' || strings.ContainsFunc(name, func(r rune) bool {
		return r > unicode.MaxASCII || !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r))
	}) {
		return fmt.Errorf("%s %q: it must be 1 to 128 letters, digits, '.', '_' and '-', and not begin with '.'", what, name)
	}
	return nil
}
