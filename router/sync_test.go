package router_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testfleet"
)

func syncFleet(t *testing.T) *testfleet.Fleet {
	t.Helper()
	members := shard.Members{Type: shard.Integer, Column: "member_id"}
	return testfleet.New(t, testfleet.Options{
		Schema: []string{testfleet.Contacts, router.CursorTableDDL(members)},
		Tables: []shard.Table{
			{Name: "contacts", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true},
			{Name: router.CursorTable, Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true},
		},
	})
}

// The source is a list of numbered changes; a sync applies the next few. The
// syncs run side by side and some fail, and yet each change is applied once.
func TestSyncAppliesEachChangeOnce(t *testing.T) {
	f := syncFleet(t)
	p := repository(t, open(t, f))
	const changes = 40
	m := f.MemberOn(0, 0)
	flaky := errors.New("flaky source")
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for round := 0; ; round++ {
				finished := false
				err := p.Sync(t.Context(), m, "crm", func(ctx context.Context, tx *sql.Tx, cursor []byte) ([]byte, error) {
					n := 0
					if len(cursor) > 0 {
						var err error
						if n, err = strconv.Atoi(string(cursor)); err != nil {
							return nil, err
						}
					}
					if n == changes {
						finished = true
						return cursor, nil
					}
					// A plain INSERT fails if the change had been applied before.
					if _, err := tx.ExecContext(ctx, insert, m.String(), n, fmt.Sprint("change ", n)); err != nil {
						return nil, err
					}
					if (round+worker)%3 == 0 {
						return nil, flaky
					}
					return []byte(strconv.Itoa(n + 1)), nil
				})
				if err != nil && !errors.Is(err, flaky) {
					t.Error(err)
					return
				}
				if finished {
					return
				}
			}
		})
	}
	wg.Wait()
	if got := names(t, f.Admin[0], m); len(got) != changes {
		t.Errorf("%d changes were applied, want %d", len(got), changes)
	}
	cursor, err := p.Member(m).Cursor(t.Context(), "crm")
	if err != nil || string(cursor) != strconv.Itoa(changes) {
		t.Errorf("cursor %q, %v", cursor, err)
	}
	if cursor, err := p.Member(m).Cursor(t.Context(), "mail"); err != nil || cursor != nil {
		t.Errorf("cursor of a source never synced: %q, %v", cursor, err)
	}
}

func TestUpsertWritesAnySizeAndLeavesKeysAlone(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	ctx := t.Context()
	m := f.MemberOn(0, 0)
	id := shard.Integer.Value(m)
	batch := router.Batch{Table: "contacts", Columns: []string{"member_id", "id", "name"}, Keys: []string{"member_id", "id"}}
	for i := range 30_000 { // more parameters than one statement may have
		batch.Rows = append(batch.Rows, []any{id, i, "first"})
	}
	if n, err := router.Upsert(ctx, p.Member(m), batch); err != nil || n != len(batch.Rows) {
		t.Fatalf("%d rows, %v", n, err)
	}
	batch.Rows = [][]any{{id, 1, "second"}, {id, 30_001, "new"}}
	err := p.Member(m).InTx(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
		_, err := router.Upsert(ctx, tx, batch)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got := names(t, f.Admin[0], m)
	if len(got) != 30_001 || got[1] != "second" || got[0] != "first" || got[len(got)-1] != "new" {
		t.Errorf("%d rows, of which the first two are %v", len(got), got[:2])
	}
	batch.Rows = [][]any{{id, 1}}
	if _, err := router.Upsert(ctx, p.Member(m), batch); !errors.Is(err, router.ErrRefused) {
		t.Errorf("a short row: %v", err)
	}
	other := shard.Integer.Value(f.MemberOn(0, 1))
	batch.Rows = [][]any{{id, 1, "x"}, {other, 1, "x"}}
	if _, err := router.Upsert(ctx, p.Member(m), batch); err == nil {
		t.Error("a row of another member went through")
	}
}

func TestPanicInASyncGivesItsTurnBack(t *testing.T) {
	f := syncFleet(t)
	p := repository(t, open(t, f, func(c *router.Config) { c.Sync.Max = 1 }))
	m := f.MemberOn(0, 0)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic got lost")
			}
		}()
		_ = p.Sync(t.Context(), m, "crm", func(context.Context, *sql.Tx, []byte) ([]byte, error) { panic("in the source") })
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := p.Sync(ctx, m, "crm", func(context.Context, *sql.Tx, []byte) ([]byte, error) { return nil, nil }); err != nil {
		t.Errorf("the next sync: %v", err)
	}
}
