package ormtest_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/router/driver/ormtest/communitydb"
	"github.com/berthdb/berth/tools/testfleet"
)

var _ communitydb.DBTX = router.Member{}

// openSqlc gives the two ways to a database for the same shards: the driver by
// its name, and the repository.
func openSqlc(t *testing.T) (*testfleet.Fleet, *sql.DB, *router.Repository) {
	t.Helper()
	f, dsn := fleet(t)
	db, err := sql.Open("berth", dsn)
	if err != nil {
		t.Fatal(err)
	}
	r, err := router.Open(t.Context(), router.Config{Store: f.Store, Instance: f.Instance})
	if err != nil {
		t.Fatal(err)
	}
	repo := router.NewRepository(r)
	t.Cleanup(func() {
		if err := errors.Join(db.Close(), repo.Close(), r.Close()); err != nil {
			t.Error(err)
		}
	})
	return f, db, repo
}

// prepared is the queries prepared, closed when the test ends.
func prepared(t *testing.T, db communitydb.DBTX) *communitydb.Queries {
	t.Helper()
	q, err := communitydb.Prepare(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

func TestSqlc(t *testing.T) {
	for name, queries := range map[string]func(t *testing.T, db *sql.DB, repo *router.Repository, id int64) *communitydb.Queries{
		"driver": func(_ *testing.T, db *sql.DB, _ *router.Repository, _ int64) *communitydb.Queries {
			return communitydb.New(db)
		},
		"driver, prepared": func(t *testing.T, db *sql.DB, _ *router.Repository, _ int64) *communitydb.Queries {
			return prepared(t, db)
		},
		"member": func(_ *testing.T, _ *sql.DB, repo *router.Repository, id int64) *communitydb.Queries {
			return communitydb.New(repo.Member(id))
		},
		"member, prepared": func(t *testing.T, _ *sql.DB, repo *router.Repository, id int64) *communitydb.Queries {
			return prepared(t, repo.Member(id))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, db, repo := openSqlc(t)
			defer neighbours(t, f)()
			for _, id := range members(f) {
				q := queries(t, db, repo, id)
				useContacts(t, f, q, id)
				useMessages(t, f, q, id)
			}
		})
	}
}

func useContacts(t *testing.T, f *testfleet.Fleet, q *communitydb.Queries, id int64) {
	t.Helper()
	ctx := t.Context()
	for i, name := range []string{"Ann", "Bo", "Chidi"} {
		if err := q.CreateContact(ctx, communitydb.CreateContactParams{MemberID: id, ID: int64(i + 1), Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	stored(t, f, id, contactRows, "1 Ann ", "2 Bo ", "3 Chidi ")
	list, err := q.ListContacts(ctx, id)
	if err != nil || !slices.Equal(list, []communitydb.Contact{{MemberID: id, ID: 1, Name: "Ann"}, {MemberID: id, ID: 2, Name: "Bo"}, {MemberID: id, ID: 3, Name: "Chidi"}}) {
		t.Errorf("list: %+v, %v", list, err)
	}
	// A slice puts its parameters into the text when it is known how many.
	some, err := q.ListSomeContacts(ctx, communitydb.ListSomeContactsParams{MemberID: id, Ids: []int64{1, 3, 9}})
	if err != nil || !slices.Equal(some, []communitydb.Contact{list[0], list[2]}) {
		t.Errorf("some: %+v, %v", some, err)
	}
	none, err := q.ListSomeContacts(ctx, communitydb.ListSomeContactsParams{MemberID: id})
	if err != nil || len(none) != 0 {
		t.Errorf("none: %+v, %v", none, err)
	}
	if n, err := q.RenameContact(ctx, communitydb.RenameContactParams{Name: "Bob", MemberID: id, ID: 2}); err != nil || n != 1 {
		t.Errorf("rename: %d rows, %v", n, err)
	}
	if err := q.PutContact(ctx, communitydb.PutContactParams{MemberID: id, ID: 3, Name: "Chidi", Email: "c@x"}); err != nil {
		t.Errorf("put: %v", err)
	}
	if err := q.DeleteContact(ctx, communitydb.DeleteContactParams{MemberID: id, ID: 1}); err != nil {
		t.Errorf("delete: %v", err)
	}
	if one, err := q.GetContact(ctx, communitydb.GetContactParams{MemberID: id, ID: 2}); err != nil || one.Name != "Bob" {
		t.Errorf("get: %+v, %v", one, err)
	}
	if _, err := q.GetContact(ctx, communitydb.GetContactParams{MemberID: id, ID: 1}); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("get of a row that is not there: %v", err)
	}
	stored(t, f, id, contactRows, "2 Bob ", "3 Chidi c@x")
	_, err = q.CountAllContacts(ctx)
	notTied(t, "a query of no member", err, "contacts")
}

func useMessages(t *testing.T, f *testfleet.Fleet, q *communitydb.Queries, id int64) {
	t.Helper()
	ctx := t.Context()
	if err := q.CreateConversation(ctx, communitydb.CreateConversationParams{MemberID: id, ID: 1, Title: "boats"}); err != nil {
		t.Fatal(err)
	}
	if err := q.AddMessage(ctx, communitydb.AddMessageParams{MemberID: id, ConversationID: 1, ID: 1, Body: "hi"}); err != nil {
		t.Fatal(err)
	}
	stored(t, f, id, messageRows, "1 1 hi")
	list, err := q.ListMessages(ctx, id)
	if err != nil || len(list) != 1 || list[0].Conversation.Title != "boats" || list[0].Message.Body != "hi" {
		t.Errorf("a join: %+v, %v", list, err)
	}
	first, err := q.AddNote(ctx, communitydb.AddNoteParams{MemberID: id, Body: "one"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := q.AddNote(ctx, communitydb.AddNoteParams{MemberID: id, Body: "two"})
	if err != nil || first != 1 || second != 2 {
		t.Errorf("the server's ids: %d and %d, %v", first, second, err)
	}
	stored(t, f, id, noteRows, "1 one", "2 two")
}

func TestSqlcTransaction(t *testing.T) {
	f, db, repo := openSqlc(t)
	defer neighbours(t, f)()
	ids := members(f)
	all := prepared(t, db)
	for place, id := range ids {
		other := ids[1-place]
		for name, begin := range map[string]func() (*sql.Tx, *communitydb.Queries, error){
			"driver": func() (*sql.Tx, *communitydb.Queries, error) {
				tx, err := db.BeginTx(t.Context(), nil)
				return tx, communitydb.New(db), err
			},
			"driver, prepared": func() (*sql.Tx, *communitydb.Queries, error) {
				tx, err := db.BeginTx(t.Context(), nil)
				return tx, all, err
			},
			"member": func() (*sql.Tx, *communitydb.Queries, error) {
				tx, err := repo.Member(id).BeginTx(t.Context(), nil)
				return tx, communitydb.New(repo.Member(id)), err
			},
			"member, prepared": func() (*sql.Tx, *communitydb.Queries, error) {
				tx, err := repo.Member(id).BeginTx(t.Context(), nil)
				return tx, prepared(t, repo.Member(id)), err
			},
		} {
			t.Run(name, func(t *testing.T) {
				transact(t, f, begin, id, other)
			})
		}
	}
}

// transact commits one transaction and rolls another one back, and leaves no
// rows.
func transact(t *testing.T, f *testfleet.Fleet, begin func() (*sql.Tx, *communitydb.Queries, error), id, other int64) {
	t.Helper()
	ctx := t.Context()
	tx, q, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	in := q.WithTx(tx)
	for i := range int64(2) {
		if err := in.CreateContact(ctx, communitydb.CreateContactParams{MemberID: id, ID: i, Name: "Ann"}); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := in.ListContacts(ctx, id); err != nil || len(list) != 2 {
		t.Errorf("the transaction reads %+v, %v", list, err)
	}
	stored(t, f, id, contactRows) // nothing yet
	if err := in.CreateContact(ctx, communitydb.CreateContactParams{MemberID: other, ID: 1}); !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("a row of another member: %v", err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	stored(t, f, id, contactRows, "0 Ann ", "1 Ann ")
	stored(t, f, other, contactRows)

	if tx, q, err = begin(); err != nil {
		t.Fatal(err)
	}
	if err := q.WithTx(tx).DeleteContact(ctx, communitydb.DeleteContactParams{MemberID: id, ID: 0}); err != nil {
		t.Error(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	stored(t, f, id, contactRows, "0 Ann ", "1 Ann ")
	for i := range int64(2) {
		if err := q.DeleteContact(ctx, communitydb.DeleteContactParams{MemberID: id, ID: i}); err != nil {
			t.Error(err)
		}
	}
	stored(t, f, id, contactRows)
}

func TestSqlcInTx(t *testing.T) {
	f, _, repo := openSqlc(t)
	for _, id := range members(f) {
		err := repo.Member(id).InTx(t.Context(), nil, func(ctx context.Context, tx *sql.Tx) error {
			return communitydb.New(tx).CreateContact(ctx, communitydb.CreateContactParams{MemberID: id, ID: 1, Name: "Ann"})
		})
		if err != nil {
			t.Error(err)
		}
		stored(t, f, id, contactRows, "1 Ann ")
	}
}

func TestSqlcIsHeldToItsMember(t *testing.T) {
	f, db, repo := openSqlc(t)
	ids := members(f)
	own := communitydb.New(repo.Member(ids[0]))
	if _, err := own.ListContacts(t.Context(), ids[1]); !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("another member's rows: %v", err)
	}
	if err := own.CreateContact(t.Context(), communitydb.CreateContactParams{MemberID: ids[1], ID: 1}); !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("a row of another member: %v", err)
	}
	under := router.WithMember(t.Context(), ids[0])
	if _, err := communitydb.New(db).ListContacts(under, ids[1]); !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("another member's rows than the context's: %v", err)
	}
	stored(t, f, ids[1], contactRows)
}
