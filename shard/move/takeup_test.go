package move

import (
	"testing"
	"time"

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

// The stopped worker's session that has the lane waits itself, for a row that
// another session of that worker has: both are ended, one after the other.
func TestTakeUpEndsAQueue(t *testing.T) {
	p := newPair(t)
	m := p.MemberOn(0, 0)
	ctx := t.Context()
	generation := p.claim(p.b)
	insert := func(lane string) chan error {
		tok, err := loadToken(ctx, p.b.db, "job", lane, generation, "")
		p.must(err)
		conn := p.conn(p.b)
		// The second is in no transaction of a lane that the claim would see.
		if lane == "copy-0" {
			p.must(tok.begin(ctx, conn, ""))
		} else {
			_, err = conn.ExecContext(ctx, "BEGIN")
			p.must(err)
		}
		begun := make(chan error, 1)
		go func() {
			_, err := conn.ExecContext(ctx, "INSERT INTO contacts VALUES (?, 1, ?)", m.String(), lane)
			begun <- err
		}()
		return begun
	}
	p.must(<-insert("copy-1"))
	insert("copy-0") // waits for the row of copy-1
	for waits := 0; waits == 0; {
		p.must(p.b.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM performance_schema.data_lock_waits").Scan(&waits))
	}
	began := time.Now()
	_, err := takeUp(ctx, p.b, "job", p.r.span, "another worker", true)
	p.must(err)
	t.Logf("taken up in %.1f s", time.Since(began).Seconds())
	if got := p.name(p.b, m); got != "" {
		t.Errorf("a row of the stopped worker is there: %q", got)
	}
}
