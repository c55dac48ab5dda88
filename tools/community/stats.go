package community

import (
	"fmt"
	"sort"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

type counter struct {
	reads, writes, failures int64
	latency                 *hdrhistogram.Histogram // microseconds
}

// Stats is what one shard did in a stretch of time: a read is one query, a
// write a transaction of two statements.
type Stats struct {
	Shard                   string
	Reads, Writes, Failures int64
	PerSecond               float64
	P50, P99, Slowest       time.Duration
}

func (t *Traffic) count(shard string, write bool, took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.shards[shard]
	if s == nil {
		s = &counter{latency: hdrhistogram.New(1, 60_000_000, 3)}
		t.shards[shard] = s
	}
	switch {
	case err != nil:
		s.failures++
		if t.failed == nil {
			t.failed = fmt.Errorf("shard %s: %w", shard, err)
		}
		return
	case write:
		s.writes++
	default:
		s.reads++
	}
	t.done.Add(1)
	_ = s.latency.RecordValue(min(took.Microseconds(), 60_000_000)) // within its bounds
}

// Done is how many reads and writes have succeeded, ever.
func (t *Traffic) Done() int64 { return t.done.Load() }

// Failed is the first failure, if there was any.
func (t *Traffic) Failed() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

// Take gives what each shard did since the last Take, by name, and begins anew.
func (t *Traffic) Take() []Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	passed := time.Since(t.since).Seconds()
	var out []Stats
	for name, s := range t.shards {
		out = append(out, Stats{
			Shard: name, Reads: s.reads, Writes: s.writes, Failures: s.failures,
			PerSecond: float64(s.reads+s.writes) / passed,
			P50:       time.Duration(s.latency.ValueAtQuantile(50)) * time.Microsecond,
			P99:       time.Duration(s.latency.ValueAtQuantile(99)) * time.Microsecond,
			Slowest:   time.Duration(s.latency.Max()) * time.Microsecond,
		})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Shard < out[j].Shard })
	t.shards, t.since = map[string]*counter{}, time.Now()
	return out
}
