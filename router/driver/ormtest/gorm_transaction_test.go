package ormtest_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"

	"github.com/berthdb/berth/router"
)

var errInner = errors.New("the inner transaction's own error")

func TestGORMTransaction(t *testing.T) {
	f, db := openGORM(t)
	defer neighbours(t, f)()
	for _, id := range members(f) {
		err := db.Transaction(func(tx *gorm.DB) error {
			if err := tx.Create(&Contact{id, 1, "Ann", ""}).Error; err != nil {
				return err
			}
			// A nested transaction is a savepoint.
			if err := tx.Transaction(func(tx *gorm.DB) error { return tx.Create(&Contact{id, 2, "Bo", ""}).Error }); err != nil {
				return err
			}
			err := tx.Transaction(func(tx *gorm.DB) error {
				if err := tx.Create(&Contact{id, 3, "Chidi", ""}).Error; err != nil {
					return err
				}
				return errInner
			})
			if !errors.Is(err, errInner) {
				t.Errorf("the inner transaction: %v", err)
			}
			if err := tx.SavePoint("here").Error; err != nil {
				return err
			}
			if err := tx.Where("member_id = ?", id).Delete(&Contact{}).Error; err != nil {
				return err
			}
			return tx.RollbackTo("here").Error
		})
		if err != nil {
			t.Errorf("member %d: %v", id, err)
		}
		stored(t, f, id, contactRows, "1 Ann ", "2 Bo ")

		err = db.Transaction(func(tx *gorm.DB) error {
			if err := tx.Where("member_id = ?", id).Delete(&Contact{}).Error; err != nil {
				return err
			}
			return errInner
		})
		if !errors.Is(err, errInner) {
			t.Error(err)
		}
		stored(t, f, id, contactRows, "1 Ann ", "2 Bo ")
	}
}

func TestGORMTransactionIsOfOneMember(t *testing.T) {
	f, db := openGORM(t)
	ids := members(f)
	err := db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&Contact{ids[0], 1, "Ann", ""}).Error; err != nil {
			return err
		}
		return tx.Create(&Contact{ids[1], 1, "Ann", ""}).Error
	})
	if !errors.Is(err, router.ErrWrongMember) {
		t.Errorf("two members in a transaction: %v", err)
	}
	stored(t, f, ids[0], contactRows)
	stored(t, f, ids[1], contactRows)
}

// A savepoint needs a server, which the transaction has from its first
// statement, or from its context.
func TestGORMNestedTransactionAtTheBeginning(t *testing.T) {
	f, db := openGORM(t)
	id := members(f)[1]
	nested := func(tx *gorm.DB) error {
		return tx.Transaction(func(tx *gorm.DB) error { return tx.Create(&Contact{id, 1, "Ann", ""}).Error })
	}
	if err := db.Transaction(nested); !errors.Is(err, router.ErrRefused) {
		t.Errorf("without a member: %v", err)
	}
	stored(t, f, id, contactRows)
	if err := db.WithContext(router.WithMember(t.Context(), id)).Transaction(nested); err != nil {
		t.Errorf("under WithMember: %v", err)
	}
	stored(t, f, id, contactRows, "1 Ann ")
}
