package consul

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard"
)

// Routers lists the routers whose sessions live. SeenAt is by each router's
// own clock.
func (s *Store) Routers(ctx context.Context) ([]shard.RouterState, error) {
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the routers in %s: %w", s, err)
	}
	defer done()
	bounded, cancel := within(ctx, callTimeout)
	defer cancel()
	prefix := s.routerKey("")
	pairs, meta, err := s.api.KV().List(prefix, (&api.QueryOptions{RequireConsistent: true}).WithContext(bounded))
	err = timedOut(bounded, err)
	if err == nil && meta.ResultsFilteredByACLs {
		err = errRefusedByACL
	}
	if err != nil {
		return nil, s.explain(ctx, "list the routers", prefix, err)
	}
	var out []shard.RouterState
	for _, pair := range pairs { // sorted by key
		if pair.Session == "" {
			continue // its session has ended while the data was being restored
		}
		var r shard.RouterState
		err := json.Unmarshal(pair.Value, &r)
		if err == nil && r.Incarnation != strings.TrimPrefix(pair.Key, prefix) {
			err = fmt.Errorf("it is of router %q", r.Incarnation)
		}
		if err != nil {
			s.log.Warn("a router's entry can't be read", "key", pair.Key, "store", s.String(), "error", err)
			continue
		}
		out = append(out, r)
	}
	return out, nil
}
