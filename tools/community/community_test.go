package community_test

import (
	"testing"

	"github.com/berthdb/berth/tools/community"
)

func TestSameSeedSameCommunity(t *testing.T) {
	one, again, other := community.New(community.Spec{Seed: 7}), community.New(community.Spec{Seed: 7}), community.New(community.Spec{Seed: 8})
	differ := 0
	for id := int64(1); id <= int64(one.Members()); id++ {
		if one.RowsOf(id) != again.RowsOf(id) {
			t.Fatalf("member %d has %d rows, and %d with the same seed", id, one.RowsOf(id), again.RowsOf(id))
		}
		if one.RowsOf(id) != other.RowsOf(id) {
			differ++
		}
	}
	if differ == 0 {
		t.Error("another seed gives the same community")
	}
}

func TestCommunityIsUneven(t *testing.T) {
	c := community.New(community.Spec{Seed: 1})
	if c.Members() != 2000 {
		t.Errorf("%d members without being told how many", c.Members())
	}
	sum, most := 0, 0
	for id := int64(1); id <= int64(c.Members()); id++ {
		sum += c.RowsOf(id)
		most = max(most, c.RowsOf(id))
	}
	if sum != c.Rows() {
		t.Errorf("the members have %d rows, and all of them together %d", sum, c.Rows())
	}
	if busiest := c.RowsOf(c.Busiest()); busiest != most || busiest < 20*c.Typical() {
		t.Errorf("the busiest has %d rows of %d that anyone has, the one in the middle %d", busiest, most, c.Typical())
	}
}
