package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// probeLimit is how long each part may take to answer; the store and the
// servers are asked one after the other only when there is no cached map to
// begin with, and then share it.
const probeLimit = 800 * time.Millisecond

// health asks everybody.
func (a *app) health(ctx context.Context) *healthDocument {
	h := &healthDocument{Status: unknown, Shards: []shardHealth{}, Routers: []routerHealth{}, Jobs: []jobHealth{}}
	h.Store.Problems = []problem{}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	c, err := a.open(ctx)
	if err != nil {
		h.Store.Status = unknown
		h.Store.Problems = append(h.Store.Problems, problem{unknown, err.Error(), "correct the configuration, or name the store with --store"})
		return h
	}
	defer c.close()
	h.Store.URL = c.store.String()
	cached, cacheErr := c.cachedMap()

	// The servers of the cached map are asked while the store is; if the
	// store then names others, those are asked in what is left of the time.
	early := map[string]*probe{}
	if cached != nil {
		early = c.startProbes(ctx, cached, nil)
	}
	m := h.askStore(ctx, c, cached, cacheErr)
	if m == nil {
		waitAll(early)
		h.Status = worse(unknown, h.Store.Status)
		return h
	}
	h.Epoch = m.Epoch()
	probes := c.startProbes(ctx, m, early)
	for s := range m.Shards() {
		h.Shards = append(h.Shards, probes[probeKey(m, s)].wait())
	}
	waitAll(early)
	h.Status = h.Store.Status
	for _, s := range h.Shards {
		h.Status = worse(h.Status, s.Status)
	}
	for _, j := range h.Jobs {
		h.Status = worse(h.Status, worst(j.Problems))
	}
	return h
}

// cachedMap is the map that routers on this machine keep, nil for none.
func (c *cluster) cachedMap() (*shard.Map, error) {
	file := c.cfg.CacheFile()
	if file == "" {
		return nil, errors.New("the configuration keeps none")
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return shard.Decode(b)
}

// askStore fills in the store and the routers, and gives the map to go by.
func (h *healthDocument) askStore(ctx context.Context, c *cluster, cached *shard.Map, cacheErr error) *shard.Map {
	begun := time.Now()
	m, err := c.store.Load(ctx)
	h.Store.LatencyMS = float64(time.Since(begun).Microseconds()) / 1000
	add := func(severity, next, format string, args ...any) {
		h.Store.Problems = append(h.Store.Problems, problem{severity, fmt.Sprintf(format, args...), next})
	}
	switch {
	case err == nil:
		h.Store.MapFrom = "store"
		if cached != nil && cached.Cluster() == m.Cluster() && cached.Epoch() > m.Epoch() {
			add(critical, `put the newest map back: delete the store's map, then run "berth map restore"`,
				"its map went back: it has epoch %d, and this machine has had epoch %d", m.Epoch(), cached.Epoch())
			m, h.Store.MapFrom = cached, "cache"
		}
	case cached != nil:
		m, h.Store.MapFrom = cached, "cache"
		severity := warning // routing goes on; only changes of the map wait
		next := "start the store or correct the network; routing goes on by the last map, changes of the map wait"
		switch {
		case errors.Is(err, shard.ErrNoMap):
			severity, next = critical, `put it back with "berth map restore"`
		case errors.Is(err, shard.ErrCorrupt):
			severity, next = critical, `if it asks for a newer berth, upgrade; else delete the stored map and run "berth map restore"`
		}
		add(severity, next, "%s", hung(ctx, err))
	default:
		next := "start the store or correct the network"
		switch {
		case errors.Is(err, shard.ErrNoMap):
			next = `make the first map with "berth init", or put a lost one back with "berth map restore FILE"`
		case errors.Is(err, shard.ErrCorrupt):
			next = `if it asks for a newer berth, upgrade; else delete the stored map and run "berth map restore FILE"`
		}
		add(unknown, next, "%s; and there is no cached map on this machine (%v)", hung(ctx, err), cacheErr)
	}
	if h.Store.MapFrom == "store" {
		h.askRouters(ctx, c, m, add)
		h.askJobs(ctx, c, m, time.Now(), add)
	}
	h.Store.Status = worst(h.Store.Problems)
	return m
}

// routersBehind is how old an epoch may be before a router that still has it
// is told of: a map takes a moment to get around.
const routersBehind = 10 * time.Second

func (h *healthDocument) askRouters(ctx context.Context, c *cluster, m *shard.Map, add func(severity, next, format string, args ...any)) {
	routers, err := c.store.Routers(ctx)
	if err != nil {
		add(warning, "see whether the store is overloaded", "the routers can't be listed: %s", hung(ctx, err))
	}
	slices.SortFunc(routers, func(a, b shard.RouterState) int { return strings.Compare(a.Name+a.Incarnation, b.Name+b.Incarnation) })
	for _, r := range routers {
		h.Routers = append(h.Routers, routerHealth{r.Incarnation, r.Name, r.Epoch, r.SeenAt})
		if r.Epoch < m.Epoch() && time.Since(m.Change().Time) > routersBehind {
			add(warning, "look at that process's log and its way to the store; restart it if it hangs",
				"router %s (%s) still routes by epoch %d", r.Name, r.Incarnation, r.Epoch)
		}
	}
}

// hung says that somebody did not answer in time, in place of how the
// clients put it.
func hung(ctx context.Context, err error) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", probeLimit)
	}
	return err.Error()
}

// probe is one shard being asked.
type probe struct {
	done   chan struct{}
	result shardHealth
}

func (p *probe) wait() shardHealth {
	<-p.done
	return p.result
}

func waitAll(probes map[string]*probe) {
	for _, p := range probes {
		<-p.done
	}
}

// probeKey is all that a probe depends on.
func probeKey(m *shard.Map, s shard.Shard) string {
	return fmt.Sprint(m.Cluster(), m.Epoch(), url.PathEscape(s.Name), s.Database, s.Primary, s.Replicas)
}

// startProbes asks the shards that are not among those being asked already.
func (c *cluster) startProbes(ctx context.Context, m *shard.Map, already map[string]*probe) map[string]*probe {
	probes := map[string]*probe{}
	for s := range m.Shards() {
		key := probeKey(m, s)
		if p := already[key]; p != nil {
			probes[key] = p
			continue
		}
		p := &probe{done: make(chan struct{})}
		probes[key] = p
		go func() {
			defer close(p.done)
			p.result = c.probe(ctx, m, s)
		}()
	}
	return probes
}

// probe asks one shard's servers side by side.
func (c *cluster) probe(ctx context.Context, m *shard.Map, s shard.Shard) shardHealth {
	h := shardHealth{Name: s.Name, Primary: s.Primary.Address, Breaker: "n/a", Replicas: make([]replicaHealth, len(s.Replicas)), Problems: []problem{}}
	replicaProblems := make([][]problem, len(s.Replicas))
	var others sync.WaitGroup
	for i, in := range s.Replicas {
		others.Go(func() { h.Replicas[i], replicaProblems[i] = c.probeReplica(ctx, m, s, in) })
	}
	c.probePrimary(ctx, m, s, &h)
	others.Wait()
	for _, list := range replicaProblems {
		h.Problems = append(h.Problems, list...)
	}
	h.Status = worst(h.Problems)
	return h
}

func (c *cluster) probePrimary(ctx context.Context, m *shard.Map, s shard.Shard, h *shardHealth) {
	err := c.askServer(ctx, m, s, s.Primary, instance.Primary, func(ctx context.Context, db *sql.DB) error {
		begun := time.Now() // without connecting, as statements on a pool see it
		if _, err := db.ExecContext(ctx, "DO 1"); err != nil {
			return err
		}
		h.LatencyMS = float64(time.Since(begun).Microseconds()) / 1000
		return nil
	})
	switch {
	case err == nil:
	case errors.Is(err, instance.ErrRefused): // says itself what to do
		h.Problems = append(h.Problems, problem{critical, err.Error(), "do as it says, then berth health"})
	default:
		h.Problems = append(h.Problems, problem{critical, "primary " + s.Primary.Address + ": " + hung(ctx, err),
			"start the server or correct the network or the account; its members wait for it"})
	}
}

// lagLimit is the lag from which a replica is worth a warning.
const lagLimit = 10 * time.Second

func (c *cluster) probeReplica(ctx context.Context, m *shard.Map, s shard.Shard, in shard.Instance) (replicaHealth, []problem) {
	h := replicaHealth{Instance: in.Address, Status: fine}
	var r instance.Replication
	err := c.askServer(ctx, m, s, in, instance.Replica, func(ctx context.Context, db *sql.DB) (err error) {
		r, err = instance.Lag(ctx, db)
		return err
	})
	var p problem
	switch {
	case err != nil:
		p = problem{warning, "replica " + in.Address + ": " + hung(ctx, err), "start it or correct the network or its account, or take it out: berth shard instance remove " + s.Name + " " + in.Address}
	case !r.Known:
		p = problem{warning, fmt.Sprintf("replica %s does not replicate (receiving: %t, applying: %t) %s", in.Address, r.Receiving, r.Applying, r.Err), "see SHOW REPLICA STATUS there, and START REPLICA"}
	default:
		ms := r.Lag.Milliseconds()
		h.LagMS = &ms
		if r.Lag < lagLimit {
			return h, nil
		}
		p = problem{warning, fmt.Sprintf("replica %s is %s behind", in.Address, r.Lag), "see what it is busy with (SHOW PROCESSLIST there)"}
	}
	h.Status = p.Severity
	return h, []problem{p}
}

// askServer connects as the map expects the server to be, and asks.
func (c *cluster) askServer(ctx context.Context, m *shard.Map, s shard.Shard, in shard.Instance, role instance.Role, ask func(context.Context, *sql.DB) error) error {
	db, err := c.server(m, s, in, role)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return err
	}
	return ask(ctx, db)
}
