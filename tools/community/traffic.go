package community

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berthdb/berth/router"
)

// Traffic is live reads and writes of a community's members, the busy ones
// more often than the quiet ones.
type Traffic struct {
	c    *Community
	repo *router.Repository
	next atomic.Int64 // id of the next message
	done atomic.Int64 // reads and writes that succeeded, ever

	mu     sync.Mutex
	shards map[string]*counter
	since  time.Time
	failed error // the first failure
}

// Traffic prepares traffic through the repository.
func (c *Community) Traffic(repo *router.Repository) *Traffic {
	t := &Traffic{c: c, repo: repo, shards: map[string]*counter{}, since: time.Now()}
	t.next.Store(time.Now().UnixNano()) // apart from the ids of earlier runs
	return t
}

// Run runs so many workers until ctx ends, and then waits for what they have
// under way: a statement that is cut off in the middle has no known outcome,
// and would count as a failure. Failures are counted and don't end the run;
// Failed tells the first.
func (t *Traffic) Run(ctx context.Context, workers int) {
	statements, cut := outlive(ctx)
	defer cut()
	var g sync.WaitGroup
	for w := range workers {
		random := rand.New(rand.NewPCG(t.c.spec.Seed, uint64(w+1)))
		g.Go(func() {
			for ctx.Err() == nil {
				t.one(statements, random)
			}
		})
	}
	g.Wait()
}

// one reads or writes once, for one member.
func (t *Traffic) one(ctx context.Context, random *rand.Rand) {
	id := t.c.pick(random)
	m := t.repo.Member(id)
	home, err := m.Home()
	if err != nil {
		t.count("", false, 0, err)
		return
	}
	write := random.Float64() < t.c.spec.Writes
	talk := random.IntN(t.c.conversations(id)) + 1
	at := time.Now()
	if write {
		err = t.send(ctx, m, id, talk)
	} else {
		err = t.read(ctx, m, id, talk)
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
