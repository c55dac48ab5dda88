package consul

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard"
)

// Record is one record, read through the leader and a quorum. Its version is
// the key's index in Consul.
func (s *Store) Record(ctx context.Context, kind, name string) (shard.Record, error) {
	r := shard.Record{Kind: kind, Name: name}
	if err := r.Check(); err != nil {
		return r, err
	}
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return r, fmt.Errorf("read record %s from %s: %w", r, s, err)
	}
	defer done()
	key := s.recordKey(r)
	pair, err := s.get(ctx, key)
	if err != nil {
		return r, s.explain(ctx, "read record "+r.String(), key, err)
	}
	if pair == nil {
		return r, fmt.Errorf("read record %s from %s: %w (key %s)", r, s, shard.ErrNoRecord, key)
	}
	r.Value, r.Version = pair.Value, pair.ModifyIndex
	return r, nil
}

// Records lists the records of one kind by name.
func (s *Store) Records(ctx context.Context, kind string) ([]shard.Record, error) {
	if err := shard.CheckName("record's kind", kind); err != nil {
		return nil, err
	}
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the %s in %s: %w", kind, s, err)
	}
	defer done()
	bounded, cancel := within(ctx, callTimeout)
	defer cancel()
	prefix := s.recordKey(shard.Record{Kind: kind})
	pairs, meta, err := s.api.KV().List(prefix, (&api.QueryOptions{RequireConsistent: true}).WithContext(bounded))
	err = timedOut(bounded, err)
	if err == nil && meta.ResultsFilteredByACLs {
		err = errRefusedByACL
	}
	if err != nil {
		return nil, s.explain(ctx, "list the "+kind, prefix, err)
	}
	var out []shard.Record
	for _, pair := range pairs { // sorted by key
		name := strings.TrimPrefix(pair.Key, prefix)
		if shard.CheckName("record's name", name) != nil {
			continue // not one of ours
		}
		out = append(out, shard.Record{Kind: kind, Name: name, Value: pair.Value, Version: pair.ModifyIndex})
	}
	return out, nil
}

// PutRecord makes or replaces a record by a compare-and-swap of its key's
// index.
func (s *Store) PutRecord(ctx context.Context, r shard.Record) (shard.Record, error) {
	put, err := s.putRecord(ctx, r)
	if err != nil {
		return r, fmt.Errorf("store record %s in %s: %w", r, s, err)
	}
	return put, nil
}

func (s *Store) putRecord(ctx context.Context, r shard.Record) (shard.Record, error) {
	if err := r.Check(); err != nil {
		return r, err
	}
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return r, err
	}
	defer done()
	key := s.recordKey(r)
	op := &api.KVTxnOp{Verb: api.KVCAS, Key: key, Value: r.Value, Flags: stamp(), Index: r.Version}
	pair, maybe, err := s.transact(ctx, op)
	switch {
	case maybe:
		pair, err = s.settleRecord(ctx, op, s.explain(ctx, "write", key, err))
	case errors.Is(err, shard.ErrConflict):
	case err != nil:
		err = s.explain(ctx, "write", key, err)
	}
	if err != nil {
		return r, err
	}
	r.Version = pair.ModifyIndex
	return r, nil
}

// DeleteRecord deletes a record by a comparison of its key's index.
func (s *Store) DeleteRecord(ctx context.Context, r shard.Record) error {
	if err := s.deleteRecord(ctx, r); err != nil {
		return fmt.Errorf("delete record %s in %s: %w", r, s, err)
	}
	return nil
}

func (s *Store) deleteRecord(ctx context.Context, r shard.Record) error {
	if err := (shard.Record{Kind: r.Kind, Name: r.Name}).Check(); err != nil {
		return err
	}
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	key := s.recordKey(r)
	op := &api.KVTxnOp{Verb: api.KVDeleteCAS, Key: key, Index: r.Version}
	_, maybe, err := s.transact(ctx, op)
	switch {
	case maybe:
		_, err = s.settleRecord(ctx, op, s.explain(ctx, "delete", key, err))
		return err
	case err == nil, errors.Is(err, shard.ErrConflict):
		return err
	}
	return s.explain(ctx, "delete", key, err)
}
