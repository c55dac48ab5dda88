package consul_test

import (
	"context"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/storetest"
	"github.com/berthdb/berth/tools/testcluster"
)

// BenchmarkWatchFanout measures a change of the map from just before its Swap
// to its report by each of 1,000 watches, each over a connection of its own.
// Reported are the median and the 99th percentile over all watches and
// changes, in milliseconds. Watches, agent and swapper share the machine.
func BenchmarkWatchFanout(b *testing.B) {
	const watches = 1000
	kv := testcluster.Consul(b)
	s := open(b, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
	m := storetest.First(b, "c1")
	if err := s.Swap(ctx(b), nil, m); err != nil {
		b.Fatal(err)
	}
	var (
		mu    sync.Mutex
		began time.Time
		delay []time.Duration
		due   sync.WaitGroup // the reports of the present epoch
	)
	watching, stop := context.WithCancel(context.Background())
	var over sync.WaitGroup
	due.Add(watches)
	for range watches {
		w := open(b, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
		over.Go(func() {
			var epoch uint64
			_ = w.Watch(watching, func(e shard.Event) {
				if e.Map == nil || e.Map.Epoch() == epoch {
					return
				}
				epoch = e.Map.Epoch()
				mu.Lock()
				delay = append(delay, time.Since(began))
				mu.Unlock()
				due.Done()
			})
		})
	}
	due.Wait()
	delay = nil
	for b.Loop() {
		next := storetest.Next(b, m, "x")
		due.Add(watches)
		mu.Lock()
		began = time.Now()
		mu.Unlock()
		if err := s.Swap(ctx(b), m, next); err != nil {
			b.Fatal(err)
		}
		m = next
		due.Wait()
	}
	stop()
	over.Wait()
	sort.Slice(delay, func(i, j int) bool { return delay[i] < delay[j] })
	at := func(q float64) float64 { return float64(delay[int(q*float64(len(delay)-1))]) / 1e6 }
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
}

// BenchmarkSwap measures one change of the map, the history included.
func BenchmarkSwap(b *testing.B) {
	kv := testcluster.Consul(b)
	s := open(b, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
	m := storetest.First(b, "c1")
	if err := s.Swap(ctx(b), nil, m); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		next := storetest.Next(b, m, "x")
		if err := s.Swap(context.Background(), m, next); err != nil {
			b.Fatal(err)
		}
		m = next
	}
}
