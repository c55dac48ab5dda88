package ormtest_test

import (
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/berthdb/berth/router"
	_ "github.com/berthdb/berth/router/driver"
	"github.com/berthdb/berth/tools/testfleet"
)

type person struct {
	MemberID int64  `db:"member_id"`
	ID       int64  `db:"id"`
	Name     string `db:"name"`
	Email    string `db:"email"`
}

const (
	insertPerson = "INSERT INTO contacts (member_id, id, name, email) VALUES (:member_id, :id, :name, :email)"
	selectPerson = "SELECT member_id, id, name, email FROM contacts WHERE member_id = ? AND id = ?"
	selectPeople = "SELECT member_id, id, name, email FROM contacts WHERE member_id = ? ORDER BY id"
)

func openSqlx(t *testing.T) (*testfleet.Fleet, *sqlx.DB) {
	t.Helper()
	f, dsn := fleet(t)
	db, err := sqlx.Open("berth", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, db
}

func TestSqlx(t *testing.T) {
	f, db := openSqlx(t)
	defer neighbours(t, f)()
	for _, id := range members(f) {
		people := []person{{id, 1, "Ann", "a@x"}, {id, 2, "Bo", "b@x"}, {id, 3, "Chidi", "c@x"}}
		// sqlx knows the bind marks of drivers by their names, and takes ? for
		// those it does not know.
		if _, err := db.NamedExec(insertPerson, people[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := db.NamedExec(insertPerson, people[1:]); err != nil {
			t.Fatalf("several rows: %v", err)
		}
		stored(t, f, id, contactRows, "1 Ann a@x", "2 Bo b@x", "3 Chidi c@x")
		var one person
		if err := db.Get(&one, selectPerson, id, 1); err != nil || one != people[0] {
			t.Errorf("Get: %+v, %v", one, err)
		}
		var list []person
		if err := db.Select(&list, db.Rebind(selectPeople), id); err != nil || len(list) != 3 || list[2] != people[2] {
			t.Errorf("Select: %+v, %v", list, err)
		}
		query, args, err := sqlx.In("SELECT name FROM contacts WHERE member_id = ? AND id IN (?) ORDER BY id", id, []int{1, 3})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		if err := db.SelectContext(t.Context(), &names, query, args...); err != nil || len(names) != 2 || names[1] != "Chidi" {
			t.Errorf("In: %q, %v", names, err)
		}
		rows, err := db.NamedQuery("SELECT * FROM contacts WHERE member_id = :member_id AND id = :id", people[1])
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			if err := rows.StructScan(&one); err != nil || one != people[1] {
				t.Errorf("StructScan: %+v, %v", one, err)
			}
		}
		if err := rows.Err(); err != nil {
			t.Error(err)
		}
		people[0].Name = "Anna"
		if _, err := db.NamedExec("UPDATE contacts SET name = :name WHERE member_id = :member_id AND id = :id", people[0]); err != nil {
			t.Error(err)
		}
		if _, err := db.ExecContext(t.Context(), "DELETE FROM contacts WHERE member_id = ? AND id = ?", id, 3); err != nil {
			t.Error(err)
		}
		stored(t, f, id, contactRows, "1 Anna a@x", "2 Bo b@x")
	}
}

func TestSqlxTransaction(t *testing.T) {
	f, db := openSqlx(t)
	defer neighbours(t, f)()
	ids := members(f)
	for place, id := range ids {
		tx, err := db.Beginx()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.NamedExec(insertPerson, []person{{id, 1, "Ann", "a@x"}, {id, 2, "Bo", "b@x"}}); err != nil {
			t.Fatal(err)
		}
		var one person
		if err := tx.Get(&one, selectPerson, id, 2); err != nil || one.Name != "Bo" {
			t.Errorf("the transaction reads %+v, %v", one, err)
		}
		stored(t, f, id, contactRows) // nothing yet
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		stored(t, f, id, contactRows, "1 Ann a@x", "2 Bo b@x")

		if tx, err = db.BeginTxx(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		remove, err := tx.PrepareNamed("DELETE FROM contacts WHERE member_id = :member_id AND id = :id")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := remove.Exec(person{MemberID: id, ID: 1}); err != nil {
			t.Error(err)
		}
		if _, err := remove.Exec(person{MemberID: ids[1-place], ID: 1}); !errors.Is(err, router.ErrWrongMember) {
			t.Errorf("another member in the transaction: %v", err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		stored(t, f, id, contactRows, "1 Ann a@x", "2 Bo b@x")
	}
}

func TestSqlxPreparedStatementServesAllMembers(t *testing.T) {
	f, db := openSqlx(t)
	st, err := db.Preparex(selectPerson)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, id := range members(f) {
		want := person{id, 1, "Ann", "a@x"}
		if _, err := db.NamedExec(insertPerson, want); err != nil {
			t.Fatal(err)
		}
		var one person
		if err := st.Get(&one, id, 1); err != nil || one != want {
			t.Errorf("%+v, %v", one, err)
		}
	}
}

func TestSqlxIsHeldToItsMember(t *testing.T) {
	f, db := openSqlx(t)
	ids := members(f)
	var list []person
	notTied(t, "Select of no member", db.Select(&list, "SELECT * FROM contacts"), "contacts")
	notTied(t, "Get by the id alone", db.Get(&person{}, "SELECT * FROM contacts WHERE id = ?", 1), "contacts")
	_, err := db.NamedExec("DELETE FROM contacts WHERE id = :id", person{MemberID: ids[0], ID: 1})
	notTied(t, "NamedExec that leaves the member out", err, "contacts")
	if _, err := db.NamedExec(insertPerson, []person{{ids[0], 1, "Ann", ""}, {ids[1], 1, "Ann", ""}}); err == nil {
		t.Error("rows of two members went through in one INSERT")
	}
	ctx := router.WithMember(t.Context(), ids[0])
	if err := db.SelectContext(ctx, &list, selectPeople, ids[1]); !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("a query of another member than the context's: %v", err)
	}
	stored(t, f, ids[0], contactRows)
	stored(t, f, ids[1], contactRows)
}
