package consul

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard"
)

// stamp is what a record's key has in its flags: a number drawn for each
// writing. It gives the key a new index even where the value stays the same,
// which Consul would not, and tells whose writing it is that is stored.
func stamp() uint64 { return rand.Uint64() }

// transact carries out one comparing operation and gives the key's new state.
// A transaction has what the plain requests have not: the new index in its
// answer. When maybe is true, err is why it is not known whether it was done.
func (s *Store) transact(ctx context.Context, op *api.KVTxnOp) (_ *api.KVPair, maybe bool, _ error) {
	ctx, cancel := within(ctx, callTimeout)
	defer cancel()
	var t trace
	ok, answer, _, err := s.api.Txn().Txn(api.TxnOps{{KV: op}}, (&api.QueryOptions{}).WithContext(t.in(ctx)))
	switch {
	case err != nil:
		if code := int(t.status.Load()); code != 0 {
			err = api.StatusError{Code: code, Body: err.Error()} // the API gives the text only
		}
		return nil, t.maybe(), timedOut(ctx, err)
	case ok && op.Verb == api.KVDeleteCAS:
		return nil, false, nil
	case ok && len(answer.Results) == 1 && answer.Results[0].KV != nil:
		return answer.Results[0].KV, false, nil
	case ok:
		return nil, true, errors.New("the answer does not have the key")
	}
	for _, e := range answer.Errors {
		if !strings.HasSuffix(e.What, "index is stale") { // no right to write it, say
			return nil, false, fmt.Errorf("transaction refused: %s", e.What)
		}
	}
	return nil, false, fmt.Errorf("%w: version %d is not what is stored", shard.ErrConflict, op.Index)
}

// settleRecord finds out what became of an operation whose answer was lost, by
// the same means as settle does for the map: a key that still has the old
// index gets another one first, after which the operation can only fail. There
// is no history of records, so that one which others have written meanwhile
// stays unknown.
func (s *Store) settleRecord(ctx context.Context, op *api.KVTxnOp, cause error) (*api.KVPair, error) {
	var touched *api.KVPair
	for range 3 {
		now, err := s.get(ctx, op.Key)
		switch {
		case err != nil:
			return nil, unknown(cause)
		case now == nil && op.Verb == api.KVDeleteCAS:
			return nil, nil
		case now == nil:
			return nil, unknown(cause) // deleted since, or a new one that is under way
		case op.Verb == api.KVCAS && now.Flags == op.Flags:
			return now, nil
		case now.ModifyIndex == op.Index:
			if err := s.touch(ctx, now); err != nil {
				return nil, unknown(cause)
			}
			touched = now
			continue // whoever won, the index is another now
		case touched != nil && now.Flags == touched.Flags+1:
			return nil, fmt.Errorf("the change was not made; read the record again and retry: %w", cause)
		}
		break
	}
	return nil, unknown(cause)
}
