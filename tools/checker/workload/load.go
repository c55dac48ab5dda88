package workload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/berthdb/berth/tools/checker/history"
)

// Config says what the clients are like.
type Config struct {
	Ways    []Way         // of which client i takes the i-th, in turn; required
	Clients int           // how many; required
	First   int           // the number of the first, which no client of a round shares
	Members []int64       // required
	Seed    uint64        // of the clients' choices
	Pause   time.Duration // between a client's operations, on average; 0: 20 ms
	Timeout time.Duration // after which a client gives an operation up; 0: 20 s
}

// Load is the clients of one process.
type Load struct {
	cfg     Config
	clients []*client
}

// perClient is how many members a client has, if there are as many.
const perClient = 8

// New makes the clients; they do nothing yet.
func New(cfg Config) (*Load, error) {
	if len(cfg.Ways) == 0 || cfg.Clients < 1 || len(cfg.Members) == 0 {
		return nil, errors.New("workload: ways, clients and members are required")
	}
	if cfg.First < 0 {
		return nil, fmt.Errorf("workload: a first client of number %d", cfg.First)
	}
	if cfg.Pause == 0 {
		cfg.Pause = 20 * time.Millisecond
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 20 * time.Second
	}
	l := &Load{cfg: cfg}
	for i := range cfg.Clients {
		number := cfg.First + i
		c := &client{number: number, way: cfg.Ways[i%len(cfg.Ways)], cfg: cfg, random: rand.New(rand.NewPCG(cfg.Seed, uint64(number)))}
		for _, p := range c.random.Perm(len(cfg.Members))[:min(perClient, len(cfg.Members))] {
			c.members = append(c.members, cfg.Members[p])
		}
		l.clients = append(l.clients, c)
	}
	return l, nil
}

// Run has the clients work on the round's objects, which are there, until ctx
// ends. It returns when each has the answer to its last operation, or has
// given it up.
func (l *Load) Run(ctx context.Context, round int64, w *history.Writer) {
	var all sync.WaitGroup
	for _, c := range l.clients {
		all.Go(func() {
			for ctx.Err() == nil {
				c.once(ctx, round, w)
			}
		})
	}
	all.Wait()
}

// client is one client, which does one thing after the other.
type client struct {
	number  int
	way     Way
	cfg     Config
	members []int64
	random  *rand.Rand
	written int64
}

// value is the next that nobody has written.
func (c *client) value() int64 {
	c.written++
	return int64(c.number+1)*1_000_000 + c.written
}

// once does one operation, and pauses.
func (c *client) once(ctx context.Context, round int64, w *history.Writer) {
	o := history.Object{Member: c.members[c.random.IntN(len(c.members))], Round: round}
	call := history.Call{Client: c.number, Object: o, Kind: c.kind()}
	if !call.Kind.Reads() {
		call.Value = c.value()
	}
	// The end of ctx ends the round, not the operation.
	opCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.patience())
	defer cancel()
	op := w.Call(call)
	w.Return(op, c.do(opCtx, call))

	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(c.random.Int64N(2 * int64(c.cfg.Pause)))):
	}
}

func (c *client) kind() history.Kind {
	switch n := c.random.IntN(100); {
	case n < 30:
		return history.Read
	case n < 40:
		return history.Look
	case n < 58:
		return history.Write
	case n < 78:
		return history.Append
	}
	return history.Change
}

// patience is how long the client waits for an answer. One in fifty gives up
// while the operation is under way.
func (c *client) patience() time.Duration {
	if c.random.IntN(50) == 0 {
		return time.Millisecond + time.Duration(c.random.Int64N(int64(8*time.Millisecond)))
	}
	return c.cfg.Timeout
}
