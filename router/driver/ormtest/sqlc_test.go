package ormtest_test

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/router/driver/ormtest/contactdb"
	"github.com/berthdb/berth/router/scope"
)

// use does with the generated queries what an application would.
func use(t *testing.T, q *contactdb.Queries, id int64) {
	t.Helper()
	ctx := t.Context()
	for i, name := range []string{"Ann", "Bo", "Chidi"} {
		if err := q.CreateContact(ctx, contactdb.CreateContactParams{MemberID: id, ID: int64(i), Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := q.RenameContact(ctx, contactdb.RenameContactParams{Name: "Bob", MemberID: id, ID: 1}); err != nil || n != 1 {
		t.Errorf("rename: %d rows, %v", n, err)
	}
	if err := q.DeleteContact(ctx, contactdb.DeleteContactParams{MemberID: id, ID: 2}); err != nil {
		t.Error(err)
	}
	one, err := q.GetContact(ctx, contactdb.GetContactParams{MemberID: id, ID: 1})
	if err != nil || one.Name != "Bob" {
		t.Errorf("%+v, %v", one, err)
	}
	list, err := q.ListContacts(ctx, id)
	if err != nil || len(list) != 2 || list[0].Name != "Ann" {
		t.Errorf("%+v, %v", list, err)
	}
	var tied *scope.NotTiedError
	if _, err := q.CountAllContacts(ctx); !errors.As(err, &tied) {
		t.Errorf("a query of no member: %v", err)
	}
}

func TestSqlcThroughTheDriver(t *testing.T) {
	f, dsn := fleet(t)
	db, err := sql.Open("berth", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	prepared, err := contactdb.Prepare(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	ids := members(f)
	use(t, contactdb.New(db), ids[0])
	use(t, prepared, ids[1])
	rowsAre(t, f, 2)
}

func TestSqlcThroughTheRepository(t *testing.T) {
	f, _ := fleet(t)
	r, err := router.Open(t.Context(), router.Config{Store: f.Store, Instance: f.Instance})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	repo := router.NewRepository(r)
	defer repo.Close()
	ids := members(f)
	for _, id := range ids {
		use(t, contactdb.New(repo.Member(id)), id)
	}
	rowsAre(t, f, 2)
	if _, err := contactdb.New(repo.Member(ids[0])).ListContacts(t.Context(), ids[1]); !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("another member's rows: %v", err)
	}
	tx, err := repo.Member(ids[0]).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	q := contactdb.New(repo.Member(ids[0])).WithTx(tx)
	if err := q.DeleteContact(t.Context(), contactdb.DeleteContactParams{MemberID: ids[0], ID: 0}); err != nil {
		t.Error(err)
	}
	if err := q.DeleteContact(t.Context(), contactdb.DeleteContactParams{MemberID: ids[1], ID: 0}); !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("another member's row in the transaction: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	rowsAre(t, f, 2)
}
