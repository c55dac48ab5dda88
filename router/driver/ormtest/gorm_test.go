package ormtest_test

import (
	"database/sql"
	"errors"
	"reflect"
	"testing"

	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/berthdb/berth/tools/testfleet"
)

// openGORM opens it as an application does: on the connection, whose server's
// version it asks for.
func openGORM(t *testing.T) (*testfleet.Fleet, *gorm.DB) {
	t.Helper()
	return openGORMWith(t, mysql.Config{}, gorm.Config{})
}

func openGORMWith(t *testing.T, dialect mysql.Config, cfg gorm.Config) (*testfleet.Fleet, *gorm.DB) {
	t.Helper()
	f, dsn := fleet(t)
	conn, err := sql.Open("berth", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	dialect.Conn = conn
	cfg.Logger = logger.Discard
	db, err := gorm.Open(mysql.New(dialect), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f, db.WithContext(t.Context())
}

func TestGORM(t *testing.T) {
	for name, open := range map[string]struct {
		dialect mysql.Config
		cfg     gorm.Config
	}{
		"as it is":                 {},
		"version not asked for":    {dialect: mysql.Config{SkipInitializeWithVersion: true}},
		"prepared statements":      {cfg: gorm.Config{PrepareStmt: true}},
		"no transaction a write":   {cfg: gorm.Config{SkipDefaultTransaction: true}},
		"every column by its name": {cfg: gorm.Config{QueryFields: true}},
	} {
		t.Run(name, func(t *testing.T) {
			f, db := openGORMWith(t, open.dialect, open.cfg)
			defer neighbours(t, f)()
			for _, id := range members(f) {
				writeAndReadByGORM(t, f, db, id)
			}
		})
	}
}

func writeAndReadByGORM(t *testing.T, f *testfleet.Fleet, db *gorm.DB, id int64) {
	t.Helper()
	people := []Contact{{id, 1, "Ann", "a@x"}, {id, 2, "Bo", "b@x"}, {id, 3, "Chidi", "c@x"}, {id, 4, "Dana", "d@x"}, {id, 5, "Emre", "e@x"}}
	must := func(what string, db *gorm.DB, rows int64) {
		t.Helper()
		if db.Error != nil || db.RowsAffected != rows {
			t.Errorf("%s: %d rows, %v; want %d", what, db.RowsAffected, db.Error, rows)
		}
	}
	must("Create", db.Create(&people[0]), 1)
	must("Create of several", db.Create(people[1:3]), 2)
	must("CreateInBatches", db.CreateInBatches(people[3:], 1), 2)
	stored(t, f, id, contactRows, "1 Ann a@x", "2 Bo b@x", "3 Chidi c@x", "4 Dana d@x", "5 Emre e@x")

	var one Contact
	must("First", db.Where("member_id = ? AND name <> ?", id, "Ann").First(&one), 1)
	if one != people[1] {
		t.Errorf("First: %+v", one)
	}
	one = Contact{MemberID: id, ID: 3}
	must("First by the key", db.First(&one), 1)
	if one != people[2] {
		t.Errorf("First by the key: %+v", one)
	}
	one = Contact{}
	must("Take by fields", db.Where(&Contact{MemberID: id, Name: "Dana"}).Take(&one), 1)
	if one != people[3] {
		t.Errorf("Take by fields: %+v", one)
	}
	if err := db.First(&Contact{MemberID: id, ID: 99}).Error; !errors.Is(err, gorm.ErrRecordNotFound) {
		t.Errorf("First of a row that is not there: %v", err)
	}
	var list []Contact
	must("Find", db.Where("member_id = ?", id).Where(db.Where("id < ?", 3).Or("name = ?", "Emre")).Order("id DESC").Find(&list), 3)
	if !reflect.DeepEqual(list, []Contact{people[4], people[1], people[0]}) {
		t.Errorf("Find: %+v", list)
	}
	must("Find for update", db.Clauses(clause.Locking{Strength: "UPDATE"}).Where("member_id = ?", id).Limit(2).Offset(1).Find(&list), 2)
	var n int64
	if err := db.Model(&Contact{}).Where("member_id = ?", id).Count(&n).Error; err != nil || n != 5 {
		t.Errorf("Count: %d, %v", n, err)
	}
	var names []string
	must("Pluck", db.Model(&Contact{}).Where("member_id = ?", id).Distinct().Order("name").Pluck("name", &names), 5)
	batches := db.Where("member_id = ?", id).FindInBatches(&list, 2, func(*gorm.DB, int) error { return nil })
	must("FindInBatches", batches, 5)

	must("Update", db.Model(&people[0]).Update("name", "Anna"), 1)
	must("Updates of fields", db.Model(&people[1]).Updates(Contact{Name: "Bob", Email: "bob@x"}), 1)
	must("Updates of a map", db.Model(&Contact{}).Where("member_id = ? AND id = ?", id, 3).Updates(map[string]any{"email": gorm.Expr("CONCAT(name, ?)", "@y")}), 1)
	people[3].Name = "Dan"
	must("Save", db.Save(&people[3]), 1)
	must("Save of a new row", db.Save(&Contact{id, 6, "Fay", "f@x"}), 1)
	must("Create or else nothing", db.Clauses(clause.OnConflict{DoNothing: true}).Create(&Contact{id, 6, "Gil", "g@x"}), 0)
	upsert := db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Contact{id, 6, "Hana", "h@x"})
	must("Create or else update", upsert, 2) // MySQL counts a changed row twice
	stored(t, f, id, contactRows, "1 Anna a@x", "2 Bob bob@x", "3 Chidi Chidi@y", "4 Dan d@x", "5 Emre e@x", "6 Hana h@x")

	must("Delete", db.Delete(&people[2]), 1)
	must("Delete of several", db.Delete(people[3:]), 2)
	must("Delete with Where", db.Where("member_id = ?", id).Delete(&Contact{}, []int64{6, 7}), 1)
	stored(t, f, id, contactRows, "1 Anna a@x", "2 Bob bob@x")
}

// A model whose ids are the server's, and whose deleted rows stay.
func TestGORMSoftDeleteAndIDsOfTheServer(t *testing.T) {
	f, db := openGORM(t)
	for _, id := range members(f) {
		notes := []Note{{MemberID: id, Body: "one"}, {MemberID: id, Body: "two"}}
		if err := db.Create(&notes).Error; err != nil {
			t.Fatal(err)
		}
		stored(t, f, id, noteRows, "1 one", "2 two")
		if notes[0].ID != 1 || notes[1].ID != 2 {
			t.Errorf("the ids are %d and %d", notes[0].ID, notes[1].ID)
		}
		notes[1].Body = "more"
		if err := db.Save(&notes[1]).Error; err != nil {
			t.Errorf("Save: %v", err)
		}
		if err := db.Delete(&notes[0]).Error; err != nil {
			t.Errorf("Delete: %v", err)
		}
		stored(t, f, id, noteRows, "1 one deleted", "2 more")
		if err := db.First(&Note{MemberID: id, ID: 1}).Error; !errors.Is(err, gorm.ErrRecordNotFound) {
			t.Errorf("the deleted row: %v", err)
		}
		var list []Note
		if err := db.Unscoped().Where("member_id = ?", id).Find(&list).Error; err != nil || len(list) != 2 {
			t.Errorf("with the deleted row: %+v, %v", list, err)
		}
		if err := db.Unscoped().Delete(&notes[0]).Error; err != nil {
			t.Errorf("Delete for good: %v", err)
		}
		stored(t, f, id, noteRows, "2 more")
	}
}

// A model that names its rows by their id alone is refused where GORM goes by
// that, and works with the member in a Where.
func TestGORMModelWithoutTheMemberInItsKey(t *testing.T) {
	f, db := openGORM(t)
	id := members(f)[0]
	note := LooseNote{MemberID: id, Body: "one"}
	if err := db.Create(&note).Error; err != nil {
		t.Fatal(err)
	}
	note.Body = "two"
	notTied(t, "Save", db.Save(&note).Error, "notes")
	notTied(t, "First", db.First(&LooseNote{}, note.ID).Error, "notes")
	notTied(t, "Delete", db.Delete(&LooseNote{}, note.ID).Error, "notes")
	stored(t, f, id, noteRows, "1 one")
	own := db.Where("member_id = ?", id)
	if err := own.Session(&gorm.Session{}).Save(&note).Error; err != nil {
		t.Errorf("Save with Where: %v", err)
	}
	stored(t, f, id, noteRows, "1 two")
	if err := own.Session(&gorm.Session{}).Delete(&note).Error; err != nil {
		t.Errorf("Delete with Where: %v", err)
	}
	stored(t, f, id, noteRows, "1 two deleted")
}
