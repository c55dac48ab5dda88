package mutation_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move"
)

// mover is a real worker that moves the span, beside routers that are cut off
// from the store.
type mover struct {
	*handover
	job string
}

// startMover starts a move of the span to the other shard, with the
// worker held at a failpoint until release is called.
func startMover(t testing.TB, h *handover, failpoint string) (m *mover, release func()) {
	t.Helper()
	hold := filepath.Join(t.TempDir(), "hold")
	if failpoint != "" {
		t.Setenv("BERTH_FAILPOINT", failpoint+"=touch:"+hold)
	}
	cfg := move.Config{Store: h.f.Store, Name: "mover", Instance: instance.Config{
		User: h.f.Shards[0].AdminUser, Password: instance.Literal(h.f.Shards[0].AdminPassword),
	}}
	plan, err := move.MakePlan(t.Context(), cfg, move.Request{Kind: move.KindMove, Range: h.span.Range, To: "s2"})
	h.must(err)
	h.must(plan.Refused())
	job, err := move.Start(t.Context(), cfg, plan)
	h.must(err)
	w, err := move.NewWorker(cfg)
	h.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.Run(ctx) }()
	t.Cleanup(func() { _ = os.Remove(hold); cancel(); <-done })
	m = &mover{handover: h, job: job.ID}
	if failpoint != "" {
		m.until("the failpoint", func() bool { _, err := os.Stat(hold); return err == nil })
	}
	return m, func() { h.must(os.Remove(hold)) }
}

func (m *mover) until(what string, ok func() bool) {
	m.t.Helper()
	for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			j, err := move.NewJobs(m.f.Store).Get(m.t.Context(), m.job)
			m.t.Fatalf("%s never came: %+v, %v", what, j, err)
		}
	}
}

func (m *mover) switched() {
	m.t.Helper()
	m.until("the switch", func() bool {
		e, ok := m.f.Map().Find(m.span)
		return ok && e.Shard == "s2" && e.Frozen == nil
	})
}

// stale is a router that has left the list, or was never in it, and that hears
// of no change of the map.
func (h *handover) stale() *router.Repository {
	h.t.Helper()
	away := &cut{Store: h.f.Store, unlisted: true}
	p := h.open(away)
	away.cutOff()
	return p
}

// A router that is behind makes a connection after the mover has listed the
// sessions.
func TestFenceFirst(t *testing.T) {
	h := newHandover(t)
	p := h.stale()
	m, release := startMover(t, h, "after-list")
	tx, err := p.Member(h.member).BeginTx(h.within(2*time.Second), nil)
	if err == nil {
		_, err = tx.ExecContext(t.Context(), update, 7, h.member.String())
	}
	release()
	m.switched()
	if err != nil {
		return // refused by the fence
	}
	if err := tx.Commit(); err == nil {
		t.Errorf("a router that is behind has committed %d on the old home after the switch; the new one has %d", h.register(0), h.register(1))
	}
}

// A router that is behind has a transaction open, and acknowledges nothing.
func TestKill(t *testing.T) {
	h := newHandover(t)
	p := h.stale()
	tx, err := p.Member(h.member).BeginTx(t.Context(), nil)
	h.must(err)
	_, err = tx.ExecContext(t.Context(), update, 7, h.member.String())
	h.must(err)
	m, _ := startMover(t, h, "")
	m.switched()
	if err := tx.Commit(); err == nil {
		t.Errorf("a transaction of a router that did not acknowledge has committed %d on the old home; the new one has %d", h.register(0), h.register(1))
	}
}
