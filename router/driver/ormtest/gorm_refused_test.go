package ormtest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/router/scope"
	"github.com/berthdb/berth/tools/testfleet"
)

func TestGORMIsHeldToItsMember(t *testing.T) {
	f, db := openGORM(t)
	defer neighbours(t, f)()
	ids := members(f)
	var list []Contact
	notTied(t, "Find", db.Find(&list).Error, "contacts")
	notTied(t, "First by the id alone", db.First(&Contact{}, 1).Error, "contacts")
	notTied(t, "Find by fields whose member is zero", db.Where(&Contact{ID: 1}).Find(&list).Error, "contacts")
	notTied(t, "Find with Or", db.Where("member_id = ?", ids[0]).Or("name = ?", "Zoe").Find(&list).Error, "contacts")
	notTied(t, "Updates", db.Model(&Contact{}).Where("id = ?", 1).Update("name", "x").Error, "contacts")
	notTied(t, "Delete", db.Delete(&Contact{}, 1).Error, "contacts")
	var two *scope.TwoMembersError
	if err := db.Where("member_id IN ?", ids).Find(&list).Error; !errors.As(err, &two) {
		t.Errorf("Find of two members: %v", err)
	}
	if err := db.Create(&[]Contact{{ids[0], 1, "Ann", ""}, {ids[1], 1, "Ann", ""}}).Error; !errors.As(err, &two) {
		t.Errorf("Create for two members: %v", err)
	}
	if len(list) != 0 {
		t.Errorf("refused, they gave %+v", list)
	}
	stored(t, f, ids[0], contactRows)
	stored(t, f, ids[1], contactRows)
}

func TestGORMUnderWithMember(t *testing.T) {
	f, db := openGORM(t)
	ids := members(f)
	for i, id := range ids {
		own := db.WithContext(router.WithMember(t.Context(), id))
		if err := own.Create(&Contact{id, 1, "Ann", ""}).Error; err != nil {
			t.Error(err)
		}
		other := ids[1-i]
		if err := own.Create(&Contact{other, 2, "Bo", ""}).Error; !errors.Is(err, router.ErrWrongMember) {
			t.Errorf("a row of another member: %v", err)
		}
		if err := own.Find(&[]Contact{}, "member_id = ?", other).Error; !errors.Is(err, router.ErrWrongMember) {
			t.Errorf("another member's rows: %v", err)
		}
		// The context adds nothing to the text: it still has to name the member.
		notTied(t, "Find of no member", own.Find(&[]Contact{}).Error, "contacts")
		stored(t, f, id, contactRows, "1 Ann ")
	}
}

// A schema change is for all shards, so GORM's Migrator is refused, and no
// shard's tables are any different after it.
func TestGORMMigratorIsRefused(t *testing.T) {
	f, db := openGORM(t)
	before := columns(t, f)
	type Invoice struct{ MemberID, ID int64 }
	type contact struct {
		Contact
		Phone string
	}
	for what, err := range map[string]error{
		"AutoMigrate of a new table": db.AutoMigrate(&Invoice{}),
		"CreateTable":                db.Migrator().CreateTable(&Invoice{}),
		"AddColumn":                  db.Migrator().AddColumn(&contact{}, "Phone"),
		"DropColumn":                 db.Migrator().DropColumn(&Contact{}, "Name"),
	} {
		var refused *scope.RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), "a schema change belongs on all shards") {
			t.Errorf("%s: %v", what, err)
		}
	}
	// It finds the table, and reads a row of it first.
	own := db.WithContext(router.WithMember(t.Context(), members(f)[0]))
	notTied(t, "AutoMigrate of a table that is there", own.Table("contacts").AutoMigrate(&contact{}), "contacts")
	// It begins with SET FOREIGN_KEY_CHECKS.
	if err := db.Migrator().DropTable(&Contact{}); !errors.Is(err, router.ErrRefused) {
		t.Errorf("DropTable: %v", err)
	}
	if err := db.Transaction(func(tx *gorm.DB) error { return tx.Exec("TRUNCATE contacts").Error }); err == nil {
		t.Error("TRUNCATE went through")
	}
	if after := columns(t, f); !slices.Equal(after, before) {
		t.Errorf("the columns were\n%q\nand are\n%q", before, after)
	}
}

// columns are those of all tables of all shards.
func columns(t *testing.T, f *testfleet.Fleet) (out []string) {
	t.Helper()
	for _, db := range f.Admin {
		rows, err := db.QueryContext(t.Context(), "SELECT CONCAT_WS(' ', table_schema, table_name, column_name, column_type) FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var c string
			if err := rows.Scan(&c); err != nil {
				t.Fatal(err)
			}
			out = append(out, c)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if len(out) == 0 {
		t.Fatal("no columns at all")
	}
	return out
}
