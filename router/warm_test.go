package router_test

import (
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testfleet"
)

// While members are being handed over, connections to their next owner are
// opened ahead, as many as the present one has.
func TestWarmsTheNextOwner(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{Shards: 2})
	working(t, f.Store)
	r := open(t, f)
	p := repository(t, r)
	member := f.MemberOn(0, 0)
	for range 3 {
		tx, err := p.Member(member).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback() //nolint:errcheck // it only holds a connection
	}
	f.Edit(func(m *shard.Map) (*shard.Map, error) {
		return m.Freeze(f.Change("freeze"), m.Entry(m.Lookup(member)).Span, shard.Freeze{To: "s2", Attempt: "job/1", Deadline: time.Now().Add(time.Minute)})
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		for _, s := range r.Stat().Servers {
			if s.Shard == "s2" && s.Pool.Idle == 3 {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("the next owner was not warmed: %+v", r.Stat().Servers)
		}
	}
}
