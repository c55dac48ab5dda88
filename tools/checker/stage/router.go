package stage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/berthdb/berth/tools/checker/control"
	"github.com/berthdb/berth/tools/checker/history"
	"github.com/berthdb/berth/tools/checker/relay"
)

// Router is a process of routers and their clients: one router under a
// Repository, and one under the database/sql driver.
type Router struct {
	process
	Relay *relay.Relay // on its way to Consul, and on nobody else's

	stage  *Stage
	number int

	orders sync.Mutex // one order at a time
	round  int64      // that it is in; 0: none
}

func (s *Stage) newRouter(i int) (*Router, error) {
	way, err := relay.Open(s.Consul.Addr())
	if err != nil {
		return nil, err
	}
	return &Router{
		process: process{name: fmt.Sprintf("r%d", i+1), program: s.cfg.Program, dir: filepath.Join(s.cfg.Dir, "processes"), control: s.control},
		Relay:   way, stage: s, number: i,
	}, nil
}

// Name is the router's name.
func (r *Router) Name() string { return r.name }

// Start starts the process, and has it take part in the round that is under
// way for it.
func (r *Router) Start(ctx context.Context) error {
	app := r.stage.Shards[0].Server.App()
	cfg := r.stage.cfg
	err := r.start(ctx, []string{PasswordVariable + "=" + app.Password}, func(start int) []string {
		// No two clients of a round have one number, also after a restart.
		first := ((start-1)*cfg.Routers + r.number) * cfg.Clients
		return []string{
			"client", "--consul", r.Relay.Addr(), "--prefix", prefix, "--user", app.User,
			"--clients", strconv.Itoa(cfg.Clients), "--first", strconv.Itoa(first),
			"--members", strconv.Itoa(cfg.Members), "--seed", strconv.FormatUint(cfg.Seed, 10),
			"--cache", filepath.Join(cfg.Dir, "processes", r.name+".map"),
		}
	})
	if err != nil {
		return err
	}
	r.orders.Lock()
	defer r.orders.Unlock()
	if r.round == 0 {
		return nil
	}
	return r.begin(ctx)
}

func (r *Router) begin(ctx context.Context) error {
	r.mu.Lock()
	start := r.starts
	r.mu.Unlock()
	file := fmt.Sprintf("%s-%d%s", r.name, start, history.Extension)
	return r.order(ctx, control.Order{Begin: true, Round: r.round, File: filepath.Join(r.stage.roundDir(r.round), file)})
}

func (r *Router) end(ctx context.Context) error {
	err := r.order(ctx, control.Order{End: true, Round: r.round})
	if err != nil && !r.Alive() {
		err = nil // it was killed: what it had under way has ended with it
	}
	return err
}

// order has the process carry out an order; the caller holds orders.
func (r *Router) order(ctx context.Context, o control.Order) error {
	r.mu.Lock()
	link, proc := r.link, r.proc
	r.mu.Unlock()
	if link == nil {
		return fmt.Errorf("%s has never called in", r.name)
	}
	stop := context.AfterFunc(ctx, func() { _ = link.Close() })
	defer stop()
	var a control.Answer
	err := link.Send(o)
	if err == nil {
		err = link.Receive(&a)
	}
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	if err != nil {
		select {
		case <-proc.Exited():
			err = fmt.Errorf("it has ended: %w", err)
		default:
		}
		return fmt.Errorf("router %s, %+v: %w", r.name, o, err)
	}
	return nil
}

func (r *Router) close() error { return errors.Join(r.process.close(), r.Relay.Close()) }
