package ormtest_test

import (
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/berthdb/berth/router"
	_ "github.com/berthdb/berth/router/driver"
	"github.com/berthdb/berth/router/scope"
)

type person struct {
	MemberID int64  `db:"member_id"`
	ID       int64  `db:"id"`
	Name     string `db:"name"`
	Email    string `db:"email"`
}

func TestSqlx(t *testing.T) {
	f, dsn := fleet(t)
	db, err := sqlx.Open("berth", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := t.Context()
	for _, id := range members(f) {
		people := []person{{id, 1, "Ann", "ann@example.org"}, {id, 2, "Bo", "bo@example.org"}, {id, 3, "Chidi", ""}}
		// sqlx knows the bind marks of drivers by their names, and takes ? for
		// those it does not know.
		if _, err := db.NamedExecContext(ctx, "INSERT INTO contacts (member_id, id, name, email) VALUES (:member_id, :id, :name, :email)", people); err != nil {
			t.Fatal(err)
		}
		var one person
		if err := db.GetContext(ctx, &one, "SELECT member_id, id, name, email FROM contacts WHERE member_id = ? AND id = ?", id, 1); err != nil || one != people[0] {
			t.Errorf("%+v, %v", one, err)
		}
		query, args, err := sqlx.In("SELECT member_id, id, name, email FROM contacts WHERE member_id = ? AND id IN (?) ORDER BY id", id, []int{1, 3})
		if err != nil {
			t.Fatal(err)
		}
		var some []person
		if err := db.SelectContext(ctx, &some, query, args...); err != nil || len(some) != 2 || some[1] != people[2] {
			t.Errorf("%+v, %v", some, err)
		}
		tx, err := db.BeginTxx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		people[1].Name = "Bob"
		if _, err := tx.NamedExecContext(ctx, "UPDATE contacts SET name = :name WHERE member_id = :member_id AND id = :id", people[1]); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM contacts WHERE member_id = ? AND id = ?", id, 3); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		st, err := db.PreparexContext(ctx, "SELECT name FROM contacts WHERE member_id = ? AND id = ?")
		if err != nil {
			t.Fatal(err)
		}
		var name string
		if err := st.GetContext(ctx, &name, id, 2); err != nil || name != "Bob" {
			t.Errorf("prepared: %q, %v", name, err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}
	rowsAre(t, f, 2)
	var all []person
	var tied *scope.NotTiedError
	if err := db.SelectContext(ctx, &all, "SELECT member_id, id, name, email FROM contacts"); !errors.As(err, &tied) {
		t.Errorf("a query of no member: %v", err)
	}
	ids := members(f)
	if err := db.SelectContext(router.WithMember(ctx, ids[0]), &all, "SELECT member_id, id, name, email FROM contacts WHERE member_id = ?", ids[1]); !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("a query of another member than the context's: %v", err)
	}
}
