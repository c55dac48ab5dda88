package consul

import (
	"context"
	"fmt"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard"
)

// settle finds out what became of a change whose answer was lost: nil when it
// was made, cause when it was not and never will be, ErrConflict when another
// change took its place, and ErrUnknownOutcome when that can't be said.
//
// Reading is not enough. If the old map is still there, the change may yet be
// under way, in a hung server or a full queue. So the old map is written once
// more, under its old index and with other flags: this gives it a new index,
// after which the change, which names the old one, can only fail.
func (s *Store) settle(ctx context.Context, stored *api.KVPair, old, next *shard.Map, cause error) error {
	for range 3 {
		now, err := s.get(ctx, s.mapKey())
		if err != nil {
			return unknown(cause)
		}
		if now == nil {
			return unknown(cause) // deleted since, or a first map under way
		}
		if old != nil && now.ModifyIndex == stored.ModifyIndex {
			if err := s.touch(ctx, now); err != nil {
				return unknown(cause)
			}
			continue // whoever won, the index is another now
		}
		return s.judge(ctx, now, old, next, cause)
	}
	return unknown(cause)
}

// touch writes the same value again, to change its index. Without a change of
// the flags Consul would leave the index as it is. Losing is fine: then
// somebody else has changed it.
func (s *Store) touch(ctx context.Context, pair *api.KVPair) error {
	ctx, cancel := within(ctx, callTimeout)
	defer cancel()
	again := *pair
	again.Flags++
	_, _, err := s.api.KV().CAS(&again, (&api.WriteOptions{}).WithContext(ctx))
	return err
}

// judge compares a stored map, which is not under the old index any more, with
// the change from old to next.
func (s *Store) judge(ctx context.Context, pair *api.KVPair, old, next *shard.Map, cause error) error {
	now, err := s.decode(pair)
	if err != nil {
		return unknown(cause)
	}
	if now.Epoch() > next.Epoch() {
		// Others went on from it, or from what took its place.
		past, err := s.get(ctx, s.historyKey(next.Epoch()))
		if err != nil || past == nil {
			return unknown(cause)
		}
		if now, err = shard.Decode(past.Value); err != nil {
			return unknown(cause)
		}
	}
	switch {
	case now.Digest() == next.Digest():
		return nil
	case now.Epoch() == next.Epoch():
		return fmt.Errorf("%w: somebody else made epoch %d while the answer was lost", shard.ErrConflict, next.Epoch())
	case old != nil && now.Digest() == old.Digest():
		return fmt.Errorf("the change was not made, try again: %w", cause)
	}
	return unknown(cause) // an older map: it went back meanwhile
}

func unknown(cause error) error {
	return fmt.Errorf("%w; look for it in what is stored now: %w", shard.ErrUnknownOutcome, cause)
}
