package router_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/router/scope"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testfleet"
)

const insert = "INSERT INTO contacts (member_id, id, name) VALUES (?, ?, ?)"

func TestEachMembersRowsAreOnItsShardOnly(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{Shards: 3, Servers: 2})
	p := repository(t, open(t, f))
	for id := range 100 {
		if _, err := p.Member(id).ExecContext(t.Context(), insert, id, 1, "ann"); err != nil {
			t.Fatal(err)
		}
		var name string
		err := p.Member(id).QueryRowContext(t.Context(), "SELECT name FROM contacts WHERE member_id = ? AND id = 1", id).Scan(&name)
		if err != nil || name != "ann" {
			t.Fatalf("member %d: read %q, %v", id, name, err)
		}
		for i, db := range f.Admin {
			want := 0
			if i == f.Home(shard.Int(int64(id))) {
				want = 1
			}
			if got := len(names(t, db, shard.Int(int64(id)))); got != want {
				t.Errorf("member %d has %d rows on shard s%d, want %d", id, got, i+1, want)
			}
		}
	}
}

func TestGuardKeepsStatementsToTheirMember(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	ctx := t.Context()
	var tied *scope.NotTiedError
	if _, err := p.Member(42).ExecContext(ctx, "DELETE FROM contacts"); !errors.As(err, &tied) {
		t.Errorf("unscoped DELETE: %v", err)
	}
	if err := p.Member(42).QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts").Scan(new(int)); !errors.As(err, &tied) {
		t.Errorf("unscoped SELECT through QueryRow: %v", err)
	}
	if _, err := p.Member(42).ExecContext(ctx, insert, 43, 1, "x"); !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("another member's INSERT: %v", err)
	}
	if _, err := p.Member("").ExecContext(ctx, insert, 43, 1, "x"); !errors.Is(err, shard.ErrBadMember) {
		t.Errorf("empty member id: %v", err)
	}
	if _, err := p.Member(4.2).ExecContext(ctx, insert, 43, 1, "x"); !errors.Is(err, shard.ErrBadMember) {
		t.Errorf("a float as member id: %v", err)
	}
	var n int
	if err := p.Member(42).Unscoped().QueryRowContext(ctx, "SELECT COUNT(*) FROM contacts").Scan(&n); err != nil {
		t.Errorf("explicitly unscoped: %v", err)
	}
	// SQL that the guard's parser does not know is no hindrance there.
	const unknown = "SELECT COUNT(*) FROM contacts WHERE member_id = 42 FOR UPDATE OF contacts"
	if err := p.Member(42).QueryRowContext(ctx, unknown).Scan(&n); err == nil {
		t.Error("a statement that can't be read passed the guard")
	}
	if err := p.Member(42).Unscoped().QueryRowContext(ctx, unknown).Scan(&n); err != nil {
		t.Errorf("explicitly unscoped, unknown to the parser: %v", err)
	}
	if _, err := p.Member(42).Unscoped().ExecContext(ctx, "XA START 'a'"); err == nil {
		t.Error("XA passed because it was unscoped")
	}
	for _, refused := range []string{
		"BEGIN", "COMMIT", "SET sql_mode = ''", "SAVEPOINT a", "LOCK TABLES contacts READ", "XA START 'a'",
		"SELECT LAST_INSERT_ID()", "DROP TABLE contacts", "SELECT 1; SELECT 2",
	} {
		if _, err := p.Member(42).ExecContext(ctx, refused); err == nil {
			t.Errorf("%s went through", refused)
		}
	}
}

func TestPreparedStatementStaysWithItsMember(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	st, err := p.Member(42).PrepareContext(t.Context(), insert)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	// Holding every session in a transaction makes database/sql prepare the
	// statement again on a new one, where it has only the text to go by.
	for range 3 {
		tx, err := p.Member(7).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback() //nolint:errcheck // nothing was done in it
		if _, err := st.ExecContext(t.Context(), 43, 1, "x"); !errors.Is(err, router.ErrWrongMember) {
			t.Fatalf("a statement prepared for member 42 ran for 43: %v", err)
		}
	}
	if _, err := st.ExecContext(t.Context(), 42, 1, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := st.ExecContext(t.Context(), 42, 1, "x"); err == nil {
		t.Fatal("the same key went in twice")
	} else if me := (*mysql.MySQLError)(nil); !errors.As(err, &me) || me.Number != 1062 {
		t.Fatalf("the server's own error does not come through: %v", err)
	}
}

func TestTransactionIsBoundToOneMember(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	ctx := t.Context()
	a, b := f.MemberOn(0, 0), f.MemberOn(1, 0)
	tx, err := p.DB().BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, insert, a.String(), 1, "first"); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, insert, b.String(), 1, "other"); !errors.Is(err, router.ErrWrongMember) {
		t.Fatalf("a second member in the transaction: %v", err)
	}
	for _, text := range []string{"SAVEPOINT one", "ROLLBACK TO SAVEPOINT one", "RELEASE SAVEPOINT one"} {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	if _, err := tx.ExecContext(ctx, "SET @a = 1"); err != nil {
		t.Errorf("session state in a transaction: %v", err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, f.Admin[0], a); !slices.Equal(got, []string{"first"}) {
		t.Errorf("committed rows: %v", got)
	}
	if got := names(t, f.Admin[1], b); len(got) != 0 {
		t.Errorf("the other member has rows: %v", got)
	}
	// The session variable must not have survived in the pool.
	err = p.Member(a).InTx(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
		var v sql.NullString
		if err := tx.QueryRowContext(ctx, "SELECT @a").Scan(&v); err != nil {
			return err
		}
		if v.Valid {
			t.Errorf("a user variable of an earlier transaction is %q", v.String)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestInTxRunsAgainAfterADeadlockAndRollsBackOnFailure(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	ctx := t.Context()
	m := f.MemberOn(0, 0)
	for id := range 2 {
		if _, err := p.Member(m).ExecContext(ctx, insert, m.String(), id, "row"); err != nil {
			t.Fatal(err)
		}
	}
	both := make(chan struct{}, 2)
	lock := func(first, second int, runs *int) error {
		return p.Member(m).InTx(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
			*runs++
			const update = "UPDATE contacts SET name = CONCAT(name, '+') WHERE member_id = ? AND id = ?"
			if _, err := tx.ExecContext(ctx, update, m.String(), first); err != nil {
				return err
			}
			if *runs == 1 { // meet once, so that the two deadlock
				both <- struct{}{}
				for len(both) < 2 {
					if ctx.Err() != nil {
						return ctx.Err()
					}
				}
			}
			_, err := tx.ExecContext(ctx, update, m.String(), second)
			return err
		})
	}
	var runs [2]int
	done := make(chan error, 1)
	go func() { done <- lock(0, 1, &runs[0]) }()
	if err := errors.Join(lock(1, 0, &runs[1]), <-done); err != nil {
		t.Fatal(err)
	}
	if runs[0]+runs[1] != 3 {
		t.Errorf("the transactions ran %d and %d times, want one of them again", runs[0], runs[1])
	}
	if got := names(t, f.Admin[0], m); !slices.Equal(got, []string{"row++", "row++"}) {
		t.Errorf("rows after both: %v", got)
	}
	mine := errors.New("mine")
	err := p.Member(m).InTx(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM contacts WHERE member_id = ?", m.String()); err != nil {
			return err
		}
		return mine
	})
	if !errors.Is(err, mine) {
		t.Fatalf("fn's own error came back as %v", err)
	}
	if got := names(t, f.Admin[0], m); len(got) != 2 {
		t.Errorf("a failed transaction left %v", got)
	}
}

func TestEachAndScatterSayWhichShardFailed(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{Shards: 3})
	p := repository(t, open(t, f))
	ctx := t.Context()
	for id := range 30 {
		if _, err := p.Member(id).ExecContext(ctx, insert, id, 1, "x"); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]int{}
	all := func(row router.Row) error {
		var id int64
		if err := row.Scan(&id); err != nil {
			return err
		}
		if home, err := p.Member(id).Home(); err != nil || home.Shard.Name != row.Shard {
			t.Errorf("member %d was found on %s and lives on %s (%v)", id, row.Shard, home.Shard.Name, err)
		}
		seen[row.Shard]++
		return nil
	}
	if err := p.Scatter(ctx, "SELECT member_id FROM contacts WHERE id = ?", []any{1}, all); err != nil {
		t.Fatal(err)
	}
	if n := seen["s1"] + seen["s2"] + seen["s3"]; n != 30 || len(seen) != 3 {
		t.Errorf("rows by shard: %v", seen)
	}
	if _, err := f.Admin[1].ExecContext(ctx, "DROP TABLE contacts"); err != nil {
		t.Fatal(err)
	}
	clear(seen)
	err := p.Scatter(ctx, "SELECT member_id FROM contacts", nil, all)
	var failed *router.ShardsError
	if !errors.As(err, &failed) || len(failed.Failed) != 1 || failed.Failed["s2"] == nil {
		t.Errorf("with a table missing on s2: %v", err)
	}
	if seen["s1"] == 0 || seen["s3"] == 0 {
		t.Errorf("the other shards' rows are missing: %v", seen)
	}
	stop := errors.New("enough")
	if err := p.Scatter(ctx, "SELECT 1 UNION ALL SELECT 2", nil, func(router.Row) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("fn's own error came back as %v", err)
	}
}

func TestMembersStreamsEachMemberOnceAndResumes(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	ctx := t.Context()
	want := map[string]int{}
	for id := range 50 {
		for row := range 2 {
			if _, err := p.Member(id).ExecContext(ctx, insert, id, row, "x"); err != nil {
				t.Fatal(err)
			}
		}
		want[shard.Int(int64(id)).String()] = 1
	}
	got := map[string]int{}
	for _, name := range []string{"s1", "s2"} {
		var last shard.Member
		for broken := range 2 {
			n := 0
			for id, err := range p.Members(ctx, name, "contacts", last) {
				if err != nil {
					t.Fatal(err)
				}
				got[id.String()]++
				last = id
				if n++; broken == 0 && n == 5 {
					break
				}
			}
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d members were streamed, want %d", len(got), len(want))
	}
	for id, n := range got {
		if n != 1 || want[id] != 1 {
			t.Errorf("member %s came %d times", id, n)
		}
	}
}

// A panic in fn comes through, and nothing is left that holds connections.
func TestScatterSurvivesAPanic(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{Shards: 3})
	p := repository(t, open(t, f))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come through")
			}
		}()
		_ = p.Scatter(t.Context(), "SELECT 1 UNION ALL SELECT 2", nil, func(router.Row) error { panic("fn") })
	}()
	eventually(t, "all connections are free", func() bool {
		for _, s := range p.Stat().Servers {
			if s.InFlight != 0 || s.Pool.Open != s.Pool.Idle {
				return false
			}
		}
		return true
	})
}

func TestPreparedStatementServesEachCallsMember(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	a, b := f.MemberOn(0, 0), f.MemberOn(1, 0)
	st, err := p.DB().PrepareContext(router.WithMember(t.Context(), a), insert)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for n, id := range []shard.Member{a, b, a} {
		if _, err := st.ExecContext(router.WithMember(t.Context(), id), id.String(), n, "x"); err != nil {
			t.Errorf("call %d, under member %s: %v", n, id, err)
		}
	}
	if _, err := st.ExecContext(router.WithMember(t.Context(), a), b.String(), 9, "x"); !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("for another member than the context's: %v", err)
	}
}

func TestMembersCanBeListedTwice(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	m := f.MemberOn(0, 0)
	if _, err := p.Member(m).ExecContext(t.Context(), insert, m.String(), 1, "x"); err != nil {
		t.Fatal(err)
	}
	list := p.Members(t.Context(), "s1", "contacts", shard.Member{})
	for range 2 {
		n := 0
		for _, err := range list {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%d members, want 1", n)
		}
	}
}
