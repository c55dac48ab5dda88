package mutation_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/checker/workload"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestMain(m *testing.M) { os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 1})) }

// handover is the mover's part of a cutover of the range of shard s1 to s2, by
// hand: one method a step.
type handover struct {
	t      testing.TB
	f      *testfleet.Fleet
	span   shard.Span
	member shard.Member // one of the span
	from   int          // place of the owner: 0 for s1
	n      int          // attempts
	unlock func()       // of the attempt's lock
}

func newHandover(t testing.TB) *handover {
	t.Helper()
	f := testfleet.New(t, testfleet.Options{Schema: workload.Schema(), Tables: workload.Tables()})
	h := &handover{t: t, f: f, member: f.MemberOn(0, 0)}
	m := f.Map()
	h.span = m.Entry(m.Lookup(h.member)).Span
	h.write(f.Admin[0], 0)
	return h
}

// write makes the member's object with that register.
func (h *handover) write(db *sql.DB, register int64) {
	h.t.Helper()
	_, err := db.ExecContext(h.t.Context(), "INSERT INTO objects (member_id, id, reg, list) VALUES (?, 1, ?, '')", h.member.String(), register)
	if err != nil {
		h.t.Fatal(err)
	}
}

// register reads the member's register on a shard itself.
func (h *handover) register(place int) (v int64) {
	h.t.Helper()
	err := h.f.Admin[place].QueryRowContext(h.t.Context(), "SELECT reg FROM objects WHERE member_id = ? AND id = 1", h.member.String()).Scan(&v)
	if err != nil {
		h.t.Fatalf("read on shard %d: %v", place+1, err)
	}
	return v
}

func (h *handover) to() int { return 1 - h.from }

func (h *handover) attempt() string { return fmt.Sprintf("a%d", h.n) }

// freeze is step 1.
func (h *handover) freeze(d time.Duration) (epoch uint64) {
	h.t.Helper()
	h.n++
	lock, err := h.f.Store.Lock(h.t.Context(), shard.JobLock(h.attempt()), "worker") // or routers end it when it is late
	if err != nil {
		h.t.Fatal(err)
	}
	h.unlock = func() { _ = lock.Unlock(context.WithoutCancel(h.t.Context())) }
	h.t.Cleanup(h.unlock)
	return h.f.Edit(func(m *shard.Map) (*shard.Map, error) {
		return m.Freeze(h.f.Change("freeze"), h.span, shard.Freeze{
			To: fmt.Sprintf("s%d", h.to()+1), Attempt: h.attempt(), Deadline: time.Now().Add(d),
		})
	}).Epoch()
}

// abort ends the attempt with the old owner.
func (h *handover) abort() {
	h.t.Helper()
	h.f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Abort(h.f.Change("abort"), h.span, h.attempt()) })
	h.unlock()
}

// acknowledged is step 2: it waits until that many routers have acknowledged
// the epoch, or the limit is over, and says which.
func (h *handover) acknowledged(epoch uint64, routers int, limit time.Duration) map[string]bool {
	h.t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		list, err := h.f.Store.Routers(h.t.Context())
		if err != nil {
			h.t.Fatal(err)
		}
		acked := make(map[string]bool)
		for _, r := range list {
			if r.Drained == epoch {
				acked[r.Incarnation] = true
			}
		}
		if len(acked) >= routers || time.Now().After(end) {
			return acked
		}
	}
}

// fenceAndKill is steps 3 and 4.
func (h *handover) fenceAndKill(epoch uint64, spare map[string]bool) {
	h.t.Helper()
	ctx, admin := h.t.Context(), h.f.Admin[h.from]
	if err := instance.RaiseFence(ctx, admin, h.span, epoch, "test"); err != nil {
		h.t.Fatal(err)
	}
	rows, err := admin.QueryContext(ctx, "SELECT t.PROCESSLIST_ID, COALESCE(a.ATTR_VALUE, '') FROM performance_schema.threads t"+
		" LEFT JOIN performance_schema.session_connect_attrs a ON a.PROCESSLIST_ID = t.PROCESSLIST_ID AND a.ATTR_NAME = 'berth_incarnation'"+
		" WHERE t.PROCESSLIST_DB = ? AND t.PROCESSLIST_USER = ?", h.f.Shards[h.from].Database, h.f.Instance.User)
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	var kill []uint64
	for rows.Next() {
		var id uint64
		var incarnation string
		if err := rows.Scan(&id, &incarnation); err != nil {
			h.t.Fatal(err)
		}
		if !spare[incarnation] {
			kill = append(kill, id)
		}
	}
	if err := rows.Err(); err != nil {
		h.t.Fatal(err)
	}
	for _, id := range kill {
		if err := instance.Kill(ctx, admin, id); err != nil {
			h.t.Fatal(err)
		}
	}
}

// hand copies what the old home holds, and is step 7.
func (h *handover) hand() {
	h.t.Helper()
	var reg int64
	var list string
	err := h.f.Admin[h.from].QueryRowContext(h.t.Context(), "SELECT reg, list FROM objects WHERE member_id = ? AND id = 1", h.member.String()).Scan(&reg, &list)
	if err != nil {
		h.t.Fatal(err)
	}
	_, err = h.f.Admin[h.to()].ExecContext(h.t.Context(), "REPLACE INTO objects (member_id, id, reg, list) VALUES (?, 1, ?, ?)", h.member.String(), reg, list)
	if err != nil {
		h.t.Fatal(err)
	}
	h.f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Switch(h.f.Change("switch"), h.span, h.attempt()) })
	h.unlock()
	h.from = h.to()
}

// finish is what follows a freeze, up to the switch.
func (h *handover) finish(epoch uint64, routers int, limit time.Duration) {
	h.t.Helper()
	h.fenceAndKill(epoch, h.acknowledged(epoch, routers, limit))
	h.hand()
}

// open opens a router on the fleet's store, or on a wrapper of it.
func (h *handover) open(store shard.Store, change ...func(*router.Config)) *router.Repository {
	h.t.Helper()
	cfg := router.Config{Store: store, Instance: h.f.Instance, Name: "test", Buffer: router.BufferConfig{Window: 20 * time.Second}}
	for _, fn := range change {
		fn(&cfg)
	}
	r, err := router.Open(h.t.Context(), cfg)
	if err != nil {
		h.t.Fatal(err)
	}
	p := router.NewRepository(r)
	h.t.Cleanup(func() { _ = p.Close(); _ = r.Close() })
	return p
}

const update = "UPDATE objects SET reg = ? WHERE member_id = ? AND id = 1"

func (h *handover) set(ctx context.Context, p *router.Repository, v int64) error {
	_, err := p.Member(h.member).ExecContext(ctx, update, v, h.member.String())
	return err
}

func (h *handover) get(ctx context.Context, p *router.Repository) (v int64, err error) {
	err = p.Member(h.member).QueryRowContext(ctx, "SELECT reg FROM objects WHERE member_id = ? AND id = 1", h.member.String()).Scan(&v)
	return v, err
}

// must fails the test on an error.
func (h *handover) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// within is a context that ends after d.
func (h *handover) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(h.t.Context(), d)
	h.t.Cleanup(cancel)
	return ctx
}

// follows waits until the router routes by the epoch.
func (h *handover) follows(p *router.Repository, epoch uint64) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); p.Router().Epoch() < epoch; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("the router has epoch %d and never came to %d", p.Router().Epoch(), epoch)
		}
	}
}
