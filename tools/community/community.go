package community

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
)

// Schema is the statements that make the tables on a shard.
func Schema() []string {
	return []string{
		`CREATE TABLE IF NOT EXISTS contacts (
  member_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name VARCHAR(100) NOT NULL,
  email VARCHAR(200) NOT NULL,
  PRIMARY KEY (member_id, id)
)`, `CREATE TABLE IF NOT EXISTS conversations (
  member_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  title VARCHAR(200) NOT NULL,
  messages INT NOT NULL DEFAULT 0,
  PRIMARY KEY (member_id, id)
)`, `CREATE TABLE IF NOT EXISTS messages (
  member_id BIGINT NOT NULL,
  conversation_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  body VARCHAR(1000) NOT NULL,
  sent_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (member_id, conversation_id, id)
)`,
	}
}

// Tables is what the map's catalogue says of them.
func Tables() []shard.Table {
	var tables []shard.Table
	for _, name := range []string{"contacts", "conversations", "messages"} {
		tables = append(tables, shard.Table{Name: name, Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true})
	}
	return tables
}

// Spec says what community to make.
type Spec struct {
	Members int    // their ids are 1 to Members; 0 means 2,000
	Seed    uint64 // the same seed gives the same community
}

// Community is the members and how much each of them has.
type Community struct {
	spec  Spec
	sizes []int // messages of member i+1
	sum   []int // of the sizes up to there, to pick members by
}

// busiest is how many messages the busiest member has at the beginning.
const busiest = 400

// New deals sizes to the members.
func New(spec Spec) *Community {
	if spec.Members == 0 {
		spec.Members = 2000
	}
	c := &Community{spec: spec, sizes: make([]int, spec.Members), sum: make([]int, spec.Members)}
	random := rand.New(rand.NewPCG(spec.Seed, 0))
	total := 0
	for rank, i := range random.Perm(spec.Members) {
		c.sizes[i] = 1 + int(busiest/math.Pow(float64(rank+1), 0.7))
	}
	for i, n := range c.sizes {
		total += n
		c.sum[i] = total
	}
	return c
}

// Members is how many there are.
func (c *Community) Members() int { return c.spec.Members }

// Busiest is the id of the member with the most messages.
func (c *Community) Busiest() int64 {
	best := 0
	for i, n := range c.sizes {
		if n > c.sizes[best] {
			best = i
		}
	}
	return int64(best + 1)
}

// Rows is how many rows the whole community has at the beginning.
func (c *Community) Rows() int {
	n := 0
	for i := range c.sizes {
		contacts, conversations, messages := c.size(int64(i + 1))
		n += contacts + conversations + messages
	}
	return n
}

func (c *Community) size(id int64) (contacts, conversations, messages int) {
	messages = c.sizes[id-1]
	return 2 + messages/4, c.conversations(id), messages
}

// conversations is how many a member has, over which its messages are dealt.
func (c *Community) conversations(id int64) int { return 1 + c.sizes[id-1]/20 }

// Load writes the community's rows, so many members side by side, each in one
// transaction. It can be repeated: what is there stays. loaded, unless nil,
// counts the rows as they come.
func (c *Community) Load(ctx context.Context, repo *router.Repository, parallel int, loaded *atomic.Int64) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for id := int64(1); id <= int64(c.spec.Members) && ctx.Err() == nil; id++ {
		g.Go(func() error {
			n := 0
			err := repo.Member(id).InTx(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
				n = 0
				for _, b := range c.batches(id) {
					done, err := router.Upsert(ctx, tx, b)
					if err != nil {
						return err
					}
					n += done
				}
				return nil
			})
			if err == nil && loaded != nil {
				loaded.Add(int64(n))
			}
			return err
		})
	}
	return g.Wait()
}

func (c *Community) batches(id int64) []router.Batch {
	contacts, conversations, messages := c.size(id)
	people := router.Batch{Table: "contacts", Columns: []string{"member_id", "id", "name", "email"}, Keys: []string{"member_id", "id"}}
	for i := 1; i <= contacts; i++ {
		name := givenNames[(int(id)+i)%len(givenNames)]
		people.Rows = append(people.Rows, []any{id, i, name, fmt.Sprintf("%s.%d@example.org", name, int(id)*7+i)})
	}
	talks := router.Batch{Table: "conversations", Columns: []string{"member_id", "id", "title", "messages"}, Keys: []string{"member_id", "id"}}
	for i := range conversations {
		n := messages / conversations
		if i < messages%conversations {
			n++
		}
		talks.Rows = append(talks.Rows, []any{id, i + 1, "about " + subjects[(int(id)+i)%len(subjects)], n})
	}
	texts := router.Batch{Table: "messages", Columns: []string{"member_id", "conversation_id", "id", "body"}, Keys: []string{"member_id", "conversation_id", "id"}}
	for i := range messages {
		texts.Rows = append(texts.Rows, []any{id, i%conversations + 1, i + 1, body(int(id) + i)})
	}
	return []router.Batch{people, talks, texts}
}

func body(n int) string {
	return fmt.Sprintf("%s %s, and then the %s", givenNames[n%len(givenNames)], verbs[n%len(verbs)], subjects[(n*3)%len(subjects)])
}

var (
	givenNames = []string{"ann", "bo", "chidi", "dana", "emre", "fatou", "gil", "hana", "ines", "juno", "kofi", "lena", "mei"}
	subjects   = []string{"harbour", "budget", "trip", "release", "garden", "letters", "concert", "roof", "bread", "exam", "boat"}
	verbs      = []string{"asked again", "is in", "can't come", "found it", "says thanks", "needs a day", "moved house"}
)
