package community

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Spec says what community to make.
type Spec struct {
	Members int     // their ids are 1 to Members; 0 means 2,000
	Seed    uint64  // the same seed gives the same community
	Writes  float64 // the share of the traffic that writes, up to 1; 0 means a third, less than 0 none
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
	if spec.Writes == 0 {
		spec.Writes = 1. / 3
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
		n += c.RowsOf(int64(i + 1))
	}
	return n
}

// RowsOf is how many rows one member has at the beginning.
func (c *Community) RowsOf(id int64) int {
	contacts, conversations, messages := c.size(id)
	return contacts + conversations + messages
}

// Typical is how many rows the member in the middle has, of all of them in the
// order of their rows.
func (c *Community) Typical() int {
	rows := make([]int, len(c.sizes))
	for i := range rows {
		rows[i] = c.RowsOf(int64(i + 1))
	}
	slices.Sort(rows)
	return rows[len(rows)/2]
}

func (c *Community) size(id int64) (contacts, conversations, messages int) {
	messages = c.sizes[id-1]
	return 2 + messages/4, c.conversations(id), messages
}

// conversations is how many a member has, over which its messages are dealt.
func (c *Community) conversations(id int64) int { return 1 + c.sizes[id-1]/20 }
