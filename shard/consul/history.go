package consul

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard"
)

// trimSlack is how many epochs may pile up beyond HistoryLength before they
// are removed, so that most swaps need not look.
const trimSlack = 20

// txnOps is the most operations that Consul takes in one transaction.
const txnOps = 64

// At is the map of a past or the present epoch.
func (s *Store) At(ctx context.Context, epoch uint64) (*shard.Map, error) {
	now, err := s.Load(ctx)
	switch {
	case err != nil:
		return nil, err
	case epoch == now.Epoch():
		return now, nil
	case epoch > now.Epoch():
		return nil, fmt.Errorf("%w: epoch %d, and %s is at epoch %d", shard.ErrNoEpoch, epoch, s, now.Epoch())
	}
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the shard map of epoch %d from %s: %w", epoch, s, err)
	}
	defer done()
	key := s.historyKey(epoch)
	pair, err := s.get(ctx, key)
	if err != nil {
		return nil, s.explain(ctx, fmt.Sprintf("read the shard map of epoch %d", epoch), key, err)
	}
	if pair == nil {
		return nil, fmt.Errorf("%w: epoch %d is no longer in %s; berth map history lists what is", shard.ErrNoEpoch, epoch, s)
	}
	m, err := shard.Decode(pair.Value)
	if err == nil && m.Epoch() != epoch {
		err = fmt.Errorf("%w: it is of epoch %d", shard.ErrCorrupt, m.Epoch())
	}
	if err != nil {
		return nil, fmt.Errorf("read the shard map of epoch %d from %s (key %s): %w", epoch, s, key, err)
	}
	return m, nil
}

// History lists the epochs that At can give, oldest first.
func (s *Store) History(ctx context.Context) ([]uint64, error) {
	now, err := s.Load(ctx)
	if err != nil {
		return nil, err
	}
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the history of %s: %w", s, err)
	}
	defer done()
	past, err := s.epochs(ctx)
	if err != nil {
		return nil, s.explain(ctx, "list the shard map's history", s.prefix+"history/", err)
	}
	// Epochs from the present on are left over from before the map was put
	// back to an older one.
	past = slices.DeleteFunc(past, func(e uint64) bool { return e >= now.Epoch() })
	return append(past, now.Epoch()), nil
}

// epochs lists the history's keys, oldest first.
func (s *Store) epochs(ctx context.Context) ([]uint64, error) {
	ctx, cancel := within(ctx, callTimeout)
	defer cancel()
	keys, meta, err := s.api.KV().Keys(s.prefix+"history/", "", (&api.QueryOptions{RequireConsistent: true}).WithContext(ctx))
	if err != nil {
		return nil, timedOut(ctx, err)
	}
	if meta.ResultsFilteredByACLs {
		return nil, errRefusedByACL
	}
	var out []uint64
	for _, k := range keys { // sorted
		if n, err := strconv.ParseUint(strings.TrimPrefix(k, s.prefix+"history/"), 10, 64); err == nil && k == s.historyKey(n) {
			out = append(out, n)
		}
	}
	return out, nil
}

// trim removes the oldest epochs beyond what a store has to keep, every
// trimSlack epochs, in the background: no cutover waits for it. The swap is
// done even if this fails, and a later one tries again.
func (s *Store) trim(now uint64) {
	if now%trimSlack != 0 {
		return
	}
	_ = s.life.keep(func() { // refused only when the store is closing
		if err := s.trimNow(s.life.over); err != nil && s.life.over.Err() == nil {
			s.log.Warn("trim the shard map's history", "store", s.String(), "epoch", now, "error", err)
		}
	})
}

func (s *Store) trimNow(ctx context.Context) error {
	past, err := s.epochs(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := within(ctx, callTimeout)
	defer cancel()
	surplus := past[:max(0, len(past)-shard.HistoryLength)]
	for part := range slices.Chunk(surplus, txnOps) {
		var ops api.TxnOps
		for _, epoch := range part {
			ops = append(ops, &api.TxnOp{KV: &api.KVTxnOp{Verb: api.KVDelete, Key: s.historyKey(epoch)}})
		}
		done, answer, _, err := s.api.Txn().Txn(ops, (&api.QueryOptions{}).WithContext(ctx))
		if err != nil {
			return timedOut(ctx, err)
		}
		if !done {
			return fmt.Errorf("transaction refused: %s", answer.Errors[0].What)
		}
	}
	return nil
}
