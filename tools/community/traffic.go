package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/router"
)

// Traffic is live reads and writes of a community's members, the busy ones
// more often than the quiet ones.
type Traffic struct {
	c    *Community
	repo *router.Repository
	next atomic.Int64 // id of the next message

	mu     sync.Mutex
	shards map[string]*counter
	since  time.Time
	failed error // the first failure
}

type counter struct {
	reads, writes, failures int64
	latency                 *hdrhistogram.Histogram // microseconds
}

// Stats is what one shard did in a stretch of time.
type Stats struct {
	Shard                   string
	Reads, Writes, Failures int64
	PerSecond               float64
	P50, P99                time.Duration
}

// Traffic prepares traffic through the repository.
func (c *Community) Traffic(repo *router.Repository) *Traffic {
	t := &Traffic{c: c, repo: repo, shards: map[string]*counter{}, since: time.Now()}
	t.next.Store(time.Now().UnixNano()) // apart from the ids of earlier runs
	return t
}

// Run runs so many workers until ctx ends. Failures are counted and don't end
// it; Failed tells the first.
func (t *Traffic) Run(ctx context.Context, workers int) error {
	var g errgroup.Group
	for w := range workers {
		random := rand.New(rand.NewPCG(t.c.spec.Seed, uint64(w+1)))
		g.Go(func() error {
			for ctx.Err() == nil {
				t.one(ctx, random)
			}
			return nil
		})
	}
	return g.Wait()
}

// one does one thing for one member: two times of three it reads.
func (t *Traffic) one(ctx context.Context, random *rand.Rand) {
	id := t.c.pick(random)
	m := t.repo.Member(id)
	home, err := m.Home()
	if err != nil {
		t.count("", false, 0, err)
		return
	}
	write := random.IntN(3) == 0
	talk := random.IntN(t.c.conversations(id)) + 1
	at := time.Now()
	if write {
		err = t.send(ctx, m, id, talk)
	} else {
		err = t.read(ctx, m, id, talk)
	}
	if ctx.Err() != nil {
		return // cut off in the middle by the end of the run
	}
	t.count(home.Shard.Name, write, time.Since(at), err)
}

func (t *Traffic) send(ctx context.Context, m router.Member, id int64, talk int) error {
	return m.InTx(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
		n := t.next.Add(1)
		if _, err := tx.ExecContext(ctx, "INSERT INTO messages (member_id, conversation_id, id, body) VALUES (?, ?, ?, ?)", id, talk, n, body(int(n%1000))); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE conversations SET messages = messages + 1 WHERE member_id = ? AND id = ?", id, talk)
		return err
	})
}

func (t *Traffic) read(ctx context.Context, m router.Member, id int64, talk int) (err error) {
	rows, err := m.QueryContext(ctx, "SELECT id, body FROM messages WHERE member_id = ? AND conversation_id = ? ORDER BY id DESC LIMIT 10", id, talk)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var n int64
		var text string
		if err := rows.Scan(&n, &text); err != nil {
			return err
		}
	}
	return rows.Err()
}

// pick is a member, by the weight of its size.
func (c *Community) pick(random *rand.Rand) int64 {
	n := random.IntN(c.sum[len(c.sum)-1])
	return int64(sort.SearchInts(c.sum, n+1)) + 1
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
	_ = s.latency.RecordValue(min(took.Microseconds(), 60_000_000)) // within its bounds
}

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
		})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Shard < out[j].Shard })
	t.shards, t.since = map[string]*counter{}, time.Now()
	return out
}
