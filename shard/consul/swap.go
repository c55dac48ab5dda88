package consul

import (
	"context"
	"fmt"
	"net/http"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard"
)

// txnBytes is the most that one transaction's values may add up to: Consul
// takes 512 KiB of JSON, in which a value is in base64.
const txnBytes = (512<<10 - 4<<10) / 4 * 3

// Swap replaces the map old by next by a compare-and-swap of the key's index.
func (s *Store) Swap(ctx context.Context, old, next *shard.Map) error {
	if err := s.swap(ctx, old, next); err != nil {
		return fmt.Errorf("store the shard map of epoch %d in %s: %w", next.Epoch(), s, err)
	}
	return nil
}

func (s *Store) swap(ctx context.Context, old, next *shard.Map) error {
	if old != nil {
		if err := old.CheckNext(next); err != nil {
			return err
		}
	}
	b, err := next.Encode()
	if err != nil {
		return err
	}
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	stored, err := s.get(ctx, s.mapKey())
	if err != nil {
		return s.explain(ctx, "read it first", s.mapKey(), err)
	}
	if err := s.compare(stored, old); err != nil {
		return err
	}
	won, maybe, err := s.commit(ctx, stored, old, b)
	switch {
	case maybe:
		if err = s.settle(ctx, stored, old, next, s.explain(ctx, "write", s.mapKey(), err)); err != nil {
			return err
		}
	case err != nil:
		return s.explain(ctx, "write", s.mapKey(), err)
	case !won:
		return fmt.Errorf("%w: somebody else was a moment quicker", shard.ErrConflict)
	}
	if old != nil {
		s.trim(next.Epoch())
	}
	return nil
}

// compare refuses when what is stored is not the map old.
func (s *Store) compare(stored *api.KVPair, old *shard.Map) error {
	switch {
	case stored == nil && old == nil:
		return nil
	case stored == nil:
		return fmt.Errorf("%w: it was deleted", shard.ErrConflict)
	}
	now, err := s.decode(stored)
	switch {
	case err != nil:
		return err
	case old == nil:
		return fmt.Errorf("%w: there is one already, of epoch %d", shard.ErrConflict, now.Epoch())
	case now.Digest() != old.Digest():
		return fmt.Errorf("%w: the change was made from epoch %d, and epoch %d is stored", shard.ErrConflict, old.Epoch(), now.Epoch())
	}
	return nil
}

// commit sends the change. The map that it replaces goes into the history: in
// the same transaction if both fit into one, else just before, where it is the
// known winner of its epoch whatever becomes of this change. When maybe is
// true, err is why it is not known whether the change was made.
func (s *Store) commit(ctx context.Context, stored *api.KVPair, old *shard.Map, b []byte) (won, maybe bool, err error) {
	ctx, cancel := within(ctx, callTimeout)
	defer cancel()
	next := &api.KVPair{Key: s.mapKey(), Value: b}
	if stored == nil {
		return s.cas(ctx, next)
	}
	next.ModifyIndex, next.Flags = stored.ModifyIndex, stored.Flags
	past := s.historyKey(old.Epoch())
	if len(b)+len(stored.Value) <= txnBytes {
		return s.casTogether(ctx, next, past, stored.Value)
	}
	if _, err := s.api.KV().Put(&api.KVPair{Key: past, Value: stored.Value}, (&api.WriteOptions{}).WithContext(ctx)); err != nil {
		return false, false, timedOut(ctx, err)
	}
	return s.cas(ctx, next)
}

func (s *Store) cas(ctx context.Context, next *api.KVPair) (won, maybe bool, err error) {
	var t trace
	won, _, err = s.api.KV().CAS(next, (&api.WriteOptions{}).WithContext(t.in(ctx)))
	return won, err != nil && t.maybe(), timedOut(ctx, err)
}

func (s *Store) casTogether(ctx context.Context, next *api.KVPair, past string, value []byte) (won, maybe bool, err error) {
	ops := api.TxnOps{
		{KV: &api.KVTxnOp{Verb: api.KVCAS, Key: next.Key, Value: next.Value, Flags: next.Flags, Index: next.ModifyIndex}},
		{KV: &api.KVTxnOp{Verb: api.KVSet, Key: past, Value: value}},
	}
	var t trace
	won, answer, _, err := s.api.Txn().Txn(ops, (&api.QueryOptions{}).WithContext(t.in(ctx)))
	if err != nil {
		if code := int(t.status.Load()); code != 0 {
			err = api.StatusError{Code: code, Body: err.Error()} // the API gives the text only
		}
		return false, t.maybe(), timedOut(ctx, err)
	}
	if !won && answer != nil {
		for _, e := range answer.Errors {
			if e.OpIndex != 0 { // not the comparison: no right to write the history, say
				return false, false, fmt.Errorf("transaction refused: %s", e.What)
			}
		}
	}
	return won, false, nil
}

// maybe reports whether a write that failed may have been, or may yet be,
// carried out. The answers named are given before anything is proposed to the
// servers.
func (c *trace) maybe() bool {
	switch c.status.Load() {
	case 0:
		return c.sent.Load()
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusRequestEntityTooLarge, http.StatusTooManyRequests:
		return false
	}
	return true
}
