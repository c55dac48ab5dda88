package move_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// A worker stands right before its switch. Somebody aborts the attempt, and a
// write lands on the old owner, which is the owner again. The worker goes on:
// it must not switch, and bring the write along when it tries again.
func TestSwitchAfterAnAbort(t *testing.T) {
	f := newFleet(t, nil)
	f.fill(20, 5)
	low := mustRange(t, "-80")
	hold := filepath.Join(t.TempDir(), "hold")
	t.Setenv("BERTH_FAILPOINT", "before-switch=touch:"+hold)
	f.work()
	job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(hold); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the worker never came to its switch")
		}
	}
	f.Edit(func(m *shard.Map) (*shard.Map, error) {
		entry, _ := m.Find(shard.Span{Range: low})
		return m.Abort(f.Change("abort"), entry.Span, entry.Frozen.Attempt)
	})
	// What is written now does not reach the new owner before we let it.
	member := f.MemberOn(0, 0)
	block, err := f.Admin[1].BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer block.Rollback() //nolint:errcheck // it only holds a lock
	if _, err := block.ExecContext(t.Context(), "SELECT * FROM contacts WHERE member_id = ? AND id = 1 FOR UPDATE", member.String()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Admin[0].ExecContext(t.Context(), "REPLACE INTO contacts VALUES (?, 1, 'after the abort')", member.String()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(hold); err != nil {
		t.Fatal(err)
	}
	f.until(job.ID, "told of the abort", func(j *move.Job) bool {
		if entry, _ := f.Map().Find(shard.Span{Range: low}); entry.Shard != "s1" {
			t.Fatal("the range has switched without a write that was made before")
		}
		return len(j.Notes) > 0
	})
	if err := block.Rollback(); err != nil {
		t.Fatal(err)
	}
	f.phase(job.ID, move.Reversible)
	found := false
	for _, row := range f.rows(1, "contacts", low) {
		found = found || strings.HasPrefix(row, member.String()+"|1|") && strings.HasSuffix(row, "|after the abort")
	}
	if !found {
		t.Error("a write on the owner of the map is lost")
	}
}
