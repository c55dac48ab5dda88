package consul

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard"
)

const (
	// waitTime is how long Consul holds a blocking query when nothing
	// changes. Consul adds up to a sixteenth to it.
	waitTime = 8 * time.Second
	// waitTimeout is when a blocking query counts as lost. It is what makes a
	// stopped agent or a cut network noticed, and below shard.ConfirmEvery.
	waitTimeout = waitTime + waitTime/16 + 2*time.Second
	// spinPause follows an answer that came at once and brought nothing new,
	// so that no server or proxy can make a watch spin.
	spinPause = 100 * time.Millisecond
)

// Watch follows the map by blocking queries.
func (s *Store) Watch(ctx context.Context, fn func(shard.Event)) error {
	caller := ctx
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return fmt.Errorf("watch %s: %w", s, err)
	}
	defer done()
	pauses := &backoff.ExponentialBackOff{
		InitialInterval:     100 * time.Millisecond,
		RandomizationFactor: 0.5,
		Multiplier:          2,
		MaxInterval:         2 * time.Second, // 3 s with its random part
	}
	view := view{store: s}
	for ctx.Err() == nil {
		event, pause, failed := view.next(ctx)
		if ctx.Err() != nil {
			break
		}
		fn(event)
		if failed {
			// An idle connection may lead to the same hung agent.
			s.http.CloseIdleConnections()
			pause = pauses.NextBackOff()
		} else {
			pauses.Reset()
		}
		sleep(ctx, pause)
	}
	if err := caller.Err(); err != nil {
		return err
	}
	return fmt.Errorf("watch %s: %w", s, shard.ErrClosed)
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// view is what one watch has seen last.
type view struct {
	store   *Store
	index   uint64 // to wait for a change of; 0: don't wait, and ask the quorum
	raw     []byte
	last    *shard.Map // what raw decodes to
	forward shard.Forward
}

// next asks for the map, waiting for a change of what was seen last. Failed
// says that Consul gave no answer about the key at all.
func (v *view) next(ctx context.Context) (e shard.Event, pause time.Duration, failed bool) {
	s := v.store
	began, from := time.Now(), v.index
	pair, err := v.query(ctx)
	if err != nil {
		v.index = 0 // the next answer comes at once, and is a confirmed one
		return shard.Event{Err: s.explain(ctx, "watch the shard map", s.mapKey(), err)}, 0, true
	}
	if from != 0 && v.index == from && time.Since(began) < spinPause {
		pause = spinPause
	}
	switch {
	case pair == nil:
		v.raw, v.last = nil, nil
		_, err = s.decode(nil)
	case v.last == nil || !bytes.Equal(pair.Value, v.raw):
		var m *shard.Map
		if m, err = s.decode(pair); err == nil {
			v.raw, v.last = pair.Value, m
		}
	}
	if err == nil {
		e.Map, err = v.forward.Next(v.last)
	}
	if err != nil {
		return shard.Event{Err: fmt.Errorf("watch the shard map: %w", err)}, pause, false
	}
	return e, pause, false
}

// query follows Consul's rules for blocking queries: start anew when the index
// goes backwards (the servers' data was lost or restored), and never wait for
// index 0, which would not wait at all.
//
// While waiting, any server that believes to be the leader may answer, which
// spares the servers a round for each of a thousand watches. A deposed leader
// can answer with an old map only under an old index; that is not believed but
// asked again through the quorum.
func (v *view) query(ctx context.Context) (*api.KVPair, error) {
	for {
		q := &api.QueryOptions{WaitIndex: v.index, WaitTime: waitTime}
		timeout := waitTimeout
		if v.index == 0 {
			q, timeout = &api.QueryOptions{RequireConsistent: true}, callTimeout
		}
		bounded, cancel := within(ctx, timeout)
		pair, meta, err := v.store.api.KV().Get(v.store.mapKey(), q.WithContext(bounded))
		err = timedOut(bounded, err)
		cancel()
		if err != nil {
			return nil, err
		}
		if meta.LastIndex < v.index {
			v.index = 0
			continue
		}
		v.index = max(meta.LastIndex, 1)
		return pair, nil
	}
}
