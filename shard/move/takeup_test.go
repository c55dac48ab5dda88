package move

import (
	"testing"

	"github.com/berthdb/berth/shard/instance"
)

// A worker is stopped in the middle of a transaction and its connection stays.
// Who takes the job up ends that session; what was not committed is not there,
// and the old worker, woken up, can't commit it.
func TestTakeUpEndsAStoppedTransaction(t *testing.T) {
	p := newPair(t)
	m := p.MemberOn(0, 0)
	ctx := t.Context()
	old, err := loadToken(ctx, p.b.db, "job", "forward-0", p.claim(p.b), "")
	p.must(err)
	conn := p.conn(p.b)
	p.must(old.begin(ctx, conn, "somewhere"))
	_, err = conn.ExecContext(ctx, "INSERT INTO contacts VALUES (?, 1, 'of a stopped worker')", m.String())
	p.must(err)

	generation, err := takeUp(ctx, p.b, "job", p.r.span, "another worker", true)
	p.must(err)
	if generation != old.generation+1 {
		t.Errorf("generation %d after %d", generation, old.generation)
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); !instance.IsConnectionLost(err) && !instance.IsKilled(err) {
		t.Errorf("the stopped worker's commit: %v", err)
	}
	if got := p.name(p.b, m); got != "" {
		t.Errorf("a row of the stopped worker is there: %q", got)
	}
	newer, err := loadToken(ctx, p.b.db, "job", "forward-0", generation, "")
	p.must(err)
	if newer.position != "" {
		t.Errorf("the lane is at %q, which was not committed", newer.position)
	}
}
