package consul

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard"
)

const (
	// dialTimeout is the longest that opening a connection may take.
	dialTimeout = 2 * time.Second
	// callTimeout is the longest that one request may take, blocking queries
	// apart: past it the agent counts as hung.
	callTimeout = 5 * time.Second
)

// Store is a shard.Store in Consul's key-value store.
type Store struct {
	url    string
	where  string // address and scheme, for messages
	prefix string
	api    *api.Client
	http   *transport
	log    *slog.Logger
	life   *life
	start  time.Time // monotonic base of instants kept in atomics

	mu   sync.Mutex
	seen map[string]sighting // by lock: how long a contender has seen it unchanged
}

var _ shard.Store = (*Store)(nil)

// Open makes the store. It does not talk to Consul, which may be down when a
// router starts.
func Open(cfg Config) (*Store, error) {
	cfg, env, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("open Consul store: %w", err)
	}
	address := env.Address
	tr, err := newTransport(cfg, env)
	if err != nil {
		return nil, fmt.Errorf("open Consul store: %w", err)
	}
	env.HttpClient = &http.Client{Transport: tr}
	// The transport sets the token. This one only keeps the API from reading
	// the environment's token file, which may not be ours to read.
	env.Token, env.TokenFile = "unused", ""
	client, err := api.NewClient(env)
	if err != nil {
		return nil, fmt.Errorf("open Consul store: %w", err)
	}
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	_, host, found := strings.Cut(address, "://")
	if !found {
		host = address
	}
	return &Store{
		url:    "consul://" + host + "/" + cfg.Prefix,
		where:  host,
		prefix: cfg.Prefix + "/",
		api:    client,
		http:   tr,
		log:    log,
		life:   newLife(),
		start:  time.Now(),
		seen:   map[string]sighting{},
	}, nil
}

func (s *Store) mapKey() string { return s.prefix + "map" }
func (s *Store) historyKey(epoch uint64) string {
	return fmt.Sprintf("%shistory/%020d", s.prefix, epoch)
}
func (s *Store) routerKey(id string) string { return s.prefix + "routers/" + id }
func (s *Store) lockKey(name string) string { return s.prefix + "locks/" + name }
func (s *Store) recordKey(r shard.Record) string {
	return s.prefix + "records/" + r.Kind + "/" + r.Name
}

// String is the store's URL.
func (s *Store) String() string { return s.url }

// Close ends all watches, registrations and locks and waits for them. It must
// not be called from a watch's own function.
func (s *Store) Close() error {
	s.life.close()
	s.http.CloseIdleConnections()
	return nil
}

// Load is the current map, read through the leader and a quorum.
func (s *Store) Load(ctx context.Context) (*shard.Map, error) {
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the shard map from %s: %w", s, err)
	}
	defer done()
	pair, err := s.get(ctx, s.mapKey())
	if err != nil {
		return nil, s.explain(ctx, "load the shard map", s.mapKey(), err)
	}
	return s.decode(pair)
}

// get reads one key consistently: nil when it is not there.
func (s *Store) get(ctx context.Context, key string) (*api.KVPair, error) {
	ctx, cancel := within(ctx, callTimeout)
	defer cancel()
	pair, _, err := s.api.KV().Get(key, (&api.QueryOptions{RequireConsistent: true}).WithContext(ctx))
	return pair, timedOut(ctx, err)
}

func (s *Store) decode(pair *api.KVPair) (*shard.Map, error) {
	if pair == nil {
		return nil, fmt.Errorf("load the shard map from %s: %w (key %s); make it with berth init", s, shard.ErrNoMap, s.mapKey())
	}
	m, err := shard.Decode(pair.Value)
	if err != nil {
		return nil, fmt.Errorf("load the shard map from %s: %w (key %s); put back a good one, the past ones are under %shistory/",
			s, err, s.mapKey(), s.prefix)
	}
	return m, nil
}
