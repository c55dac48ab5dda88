package workload_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/tools/checker/history"
	"github.com/berthdb/berth/tools/checker/verdict"
	"github.com/berthdb/berth/tools/checker/workload"
	"github.com/berthdb/berth/tools/testcluster"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestMain(m *testing.M) { os.Exit(testcluster.Main(m, testcluster.Options{MySQL: 1})) }

type run struct {
	dir    string
	finals map[history.Object]history.State
	ops    []history.Op
}

// round runs clients for as long as while takes, through a repository and
// through database/sql.
func round(t *testing.T, members []int64, while func(f *testfleet.Fleet, p *router.Repository)) run {
	t.Helper()
	ctx := t.Context()
	f := testfleet.New(t, testfleet.Options{Schema: workload.Schema(), Tables: workload.Tables()})
	r, err := router.Open(ctx, router.Config{Store: f.Store, Instance: f.Instance})
	if err != nil {
		t.Fatal(err)
	}
	p := router.NewRepository(r)
	db := sql.OpenDB(r.Connector())
	t.Cleanup(func() { _ = db.Close(); _ = p.Close(); _ = r.Close() })

	const number = 1
	for _, m := range members {
		for range 2 { // the second time it is there
			if err := workload.Make(ctx, p.Member(m), history.Object{Member: m, Round: number}); err != nil {
				t.Fatal(err)
			}
		}
	}
	load, err := workload.New(workload.Config{
		Ways:    []workload.Way{workload.Through(p), func(int64) workload.Database { return db }},
		Clients: 12, First: 10, Members: members, Seed: 1, Pause: 2 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	out := run{dir: t.TempDir(), finals: make(map[history.Object]history.State)}
	w, err := history.Create(filepath.Join(out.dir, "r1"+history.Extension))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(ctx)
	go func() {
		defer stop()
		while(f, p)
	}()
	load.Run(ctx, number, w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if out.ops, err = history.Load(out.dir); err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		o := history.Object{Member: m, Round: number}
		if out.finals[o], err = workload.Fetch(t.Context(), p.Member(m), o); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestClientsDoAllOfItAndItIsLinearizable(t *testing.T) {
	got := round(t, []int64{1, 2, 3, 4}, func(*testfleet.Fleet, *router.Repository) { time.Sleep(2 * time.Second) })
	done := make(map[history.Kind]map[history.Outcome]int)
	for _, op := range got.ops {
		if done[op.Kind] == nil {
			done[op.Kind] = make(map[history.Outcome]int)
		}
		done[op.Kind][op.Outcome]++
	}
	t.Log(done)
	for _, kind := range []history.Kind{history.Read, history.Look, history.Write, history.Append, history.Change} {
		if done[kind][history.OK] < 10 {
			t.Errorf("%d of %s were done", done[kind][history.OK], kind)
		}
	}
	if done[history.Change][history.Failed] == 0 {
		t.Error("nothing was rolled back")
	}
	for _, finding := range verdict.Judge(got.ops, got.finals, time.Minute) {
		t.Error(finding)
	}
}

// What is written past the clients is what a lost or repeated write looks like.
func TestTamperingIsFound(t *testing.T) {
	got := round(t, []int64{1}, func(f *testfleet.Fleet, p *router.Repository) {
		time.Sleep(500 * time.Millisecond)
		h, err := p.Member(int64(1)).Home()
		if err != nil {
			t.Error(err)
			return
		}
		for i := range f.Shards {
			if h.Shard.Primary.Address == f.Shards[i].Addr() && h.Shard.Database == f.Shards[i].Database {
				if _, err := f.Admin[i].Exec("UPDATE objects SET list = CONCAT(SUBSTRING_INDEX(list, ',', 2), ',')"); err != nil {
					t.Error(err)
				}
			}
		}
		time.Sleep(500 * time.Millisecond)
	})
	if len(verdict.Judge(got.ops, got.finals, time.Minute)) == 0 {
		t.Error("a list that was cut was not noticed")
	}
}

func TestRemoveRemovesAll(t *testing.T) {
	round(t, []int64{1}, func(_ *testfleet.Fleet, p *router.Repository) {
		ctx, o := t.Context(), history.Object{Member: 1, Round: 7}
		db := p.Member(int64(1))
		if err := workload.Make(ctx, db, o); err != nil {
			t.Error(err)
		}
		if err := workload.Remove(ctx, db, o); err != nil {
			t.Error(err)
		}
		if _, err := workload.Fetch(ctx, db, o); err != sql.ErrNoRows {
			t.Errorf("fetch after remove: %v", err)
		}
	})
}
