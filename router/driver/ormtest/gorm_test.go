package ormtest_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/router/scope"
)

// Contact is the table contacts.
type Contact struct {
	MemberID int64 `gorm:"primaryKey;autoIncrement:false"`
	ID       int64 `gorm:"primaryKey;autoIncrement:false"`
	Name     string
	Email    string
}

func openGORM(t *testing.T, dsn string) *gorm.DB {
	t.Helper()
	db, err := sql.Open("berth", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	g, err := gorm.Open(mysql.New(mysql.Config{Conn: db}), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGORM(t *testing.T) {
	f, dsn := fleet(t)
	g := openGORM(t, dsn)
	for _, id := range members(f) {
		db := g.WithContext(t.Context())
		people := []Contact{{id, 1, "Ann", "ann@example.org"}, {id, 2, "Bo", "bo@example.org"}, {id, 3, "Chidi", ""}}
		if err := db.Create(&people).Error; err != nil {
			t.Fatal(err)
		}
		var one Contact
		if err := db.Where("member_id = ? AND id = ?", id, 1).First(&one).Error; err != nil || one != people[0] {
			t.Errorf("First: %+v, %v", one, err)
		}
		one = Contact{}
		if err := db.Where(&Contact{MemberID: id, Name: "Bo"}).Take(&one).Error; err != nil || one != people[1] {
			t.Errorf("Take by a struct: %+v, %v", one, err)
		}
		var list []Contact
		if err := db.Where("member_id = ?", id).Order("id DESC").Limit(2).Find(&list).Error; err != nil || len(list) != 2 || list[0] != people[2] {
			t.Errorf("Find: %+v, %v", list, err)
		}
		people[1].Name = "Bob"
		if err := db.Save(&people[1]).Error; err != nil {
			t.Errorf("Save: %v", err)
		}
		if err := db.Model(&people[0]).Updates(map[string]any{"email": "a@example.org"}).Error; err != nil {
			t.Errorf("Updates: %v", err)
		}
		if err := db.Delete(&people[2]).Error; err != nil {
			t.Errorf("Delete: %v", err)
		}
		var n int64
		if err := db.Model(&Contact{}).Where("member_id = ?", id).Count(&n).Error; err != nil || n != 2 {
			t.Errorf("Count: %d, %v", n, err)
		}
		inner := errors.New("inner")
		err := db.Transaction(func(tx *gorm.DB) error {
			if err := tx.Create(&Contact{id, 4, "Dana", ""}).Error; err != nil {
				return err
			}
			// A nested transaction is a savepoint.
			err := tx.Transaction(func(tx *gorm.DB) error {
				if err := tx.Create(&Contact{id, 5, "Emre", ""}).Error; err != nil {
					return err
				}
				return inner
			})
			if !errors.Is(err, inner) {
				return err
			}
			return nil
		})
		if err != nil {
			t.Errorf("Transaction: %v", err)
		}
	}
	rowsAre(t, f, 3)
}

func TestGORMIsHeldToItsMember(t *testing.T) {
	f, dsn := fleet(t)
	g := openGORM(t, dsn)
	ids := members(f)
	var list []Contact
	var tied *scope.NotTiedError
	err := g.WithContext(t.Context()).Find(&list).Error
	if !errors.As(err, &tied) || !strings.Contains(err.Error(), "contacts.member_id = ?") {
		t.Errorf("Find of no member: %v", err)
	}
	err = g.WithContext(t.Context()).Where("member_id IN ?", ids).Find(&list).Error
	if err == nil {
		t.Error("a query of two members went through")
	}
	scoped := g.WithContext(router.WithMember(t.Context(), ids[0]))
	if err := scoped.Create(&Contact{ids[0], 1, "Ann", ""}).Error; err != nil {
		t.Error(err)
	}
	if err := scoped.Create(&Contact{ids[1], 1, "Ann", ""}).Error; !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("a row of another member than the context's: %v", err)
	}
	err = g.WithContext(t.Context()).Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&Contact{ids[0], 2, "Bo", ""}).Error; err != nil {
			return err
		}
		return tx.Create(&Contact{ids[1], 2, "Bo", ""}).Error
	})
	if !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("two members in a transaction: %v", err)
	}
	// A migration is for all shards; berth runs it there.
	if err := g.WithContext(t.Context()).Migrator().AddColumn(&struct {
		Contact
		Phone string
	}{}, "Phone"); err == nil {
		t.Error("DDL went through")
	}
}
