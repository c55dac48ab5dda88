package ormtest_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/router/scope"
)

// converse gives the member a conversation with two messages.
func converse(t *testing.T, db *gorm.DB, id int64) Conversation {
	t.Helper()
	c := Conversation{MemberID: id, ID: 1, Title: "boats"}
	if err := db.Create(&c).Error; err != nil {
		t.Fatal(err)
	}
	if err := db.Create(&[]Message{{MemberID: id, ConversationID: 1, ID: 1, Body: "hi"}, {MemberID: id, ConversationID: 1, ID: 2, Body: "ho"}}).Error; err != nil {
		t.Fatal(err)
	}
	return c
}

func bodies(list []Message) (out []string) {
	for _, m := range list {
		out = append(out, m.Body)
	}
	return out
}

func TestGORMPreload(t *testing.T) {
	f, db := openGORM(t)
	defer neighbours(t, f)() // whose conversation has the same id
	for _, id := range members(f) {
		converse(t, db, id)
		own := db.Where("member_id = ?", id).Session(&gorm.Session{})

		var c Conversation
		if err := own.Preload("Sent").First(&c).Error; err != nil || len(c.Sent) != 2 || c.Sent[1].Body != "ho" {
			t.Errorf("by member and id: %q, %v", bodies(c.Sent), err)
		}
		// By the id alone it asks for the rows of all members.
		c = Conversation{}
		notTied(t, "Preload by the id alone", own.Preload("Loose").First(&c).Error, "messages")
		if len(c.Loose) != 0 {
			t.Errorf("refused, it gave %q", bodies(c.Loose))
		}
		// The context says where to, not which rows.
		under := own.WithContext(router.WithMember(t.Context(), id))
		notTied(t, "Preload by the id alone, under WithMember", under.Preload("Loose").First(&Conversation{}).Error, "messages")
		c = Conversation{}
		if err := own.Preload("Loose", "member_id = ?", id).First(&c).Error; err != nil || len(c.Loose) != 2 || c.Loose[1].Body != "ho" {
			t.Errorf("by the id and a condition: %q, %v", bodies(c.Loose), err)
		}

		var list []Message
		if err := own.Preload("Conversation").Find(&list).Error; err != nil || len(list) != 2 || list[0].Conversation == nil || list[0].Conversation.Title != "boats" {
			t.Errorf("of the one it belongs to: %+v, %v", list, err)
		}
		list = nil
		err := db.Joins("Conversation").Where("messages.member_id = ?", id).Find(&list).Error
		if err != nil || len(list) != 2 || list[0].Conversation == nil || list[0].Conversation.Title != "boats" {
			t.Errorf("Joins: %+v, %v", list, err)
		}
	}
}

func TestGORMAssociation(t *testing.T) {
	f, db := openGORM(t)
	defer neighbours(t, f)()
	for _, id := range members(f) {
		c := converse(t, db, id)
		sent := func(db *gorm.DB) *gorm.Association { return db.Model(&c).Association("Sent") }
		var list []Message
		if err := sent(db).Find(&list); err != nil || len(list) != 2 {
			t.Errorf("Find: %q, %v", bodies(list), err)
		}
		if n := sent(db).Count(); n != 2 {
			t.Errorf("Count: %d", n)
		}
		full := db.Session(&gorm.Session{FullSaveAssociations: true})
		if err := sent(full).Append(&Message{ID: 3, Body: "hum"}); err != nil {
			t.Errorf("Append: %v", err)
		}
		stored(t, f, id, messageRows, "1 1 hi", "1 2 ho", "1 3 hum")
		if err := sent(db).Unscoped().Delete(&list[0]); err != nil {
			t.Errorf("Delete: %v", err)
		}
		stored(t, f, id, messageRows, "1 2 ho", "1 3 hum")
		if err := db.Select("Sent").Delete(&c).Error; err != nil {
			t.Errorf("Delete of the whole: %v", err)
		}
		stored(t, f, id, messageRows)
		whole := Conversation{MemberID: id, ID: 2, Title: "rain", Sent: []Message{{ID: 1, Body: "again"}}}
		if err := full.Create(&whole).Error; err != nil {
			t.Errorf("Create of the whole: %v", err)
		}
		stored(t, f, id, messageRows, "2 1 again")
	}
}

// What GORM writes for associations by default assigns the member column, if
// only its own value. The guard takes no such assignment, and the whole
// transaction is gone with it.
func TestGORMAssociationThatAssignsTheMember(t *testing.T) {
	f, db := openGORM(t)
	id := members(f)[0]
	whole := Conversation{MemberID: id, ID: 2, Title: "rain", Sent: []Message{{ID: 1, Body: "again"}}}
	isMemberChange(t, "Create of the whole", db.Create(&whole).Error)
	stored(t, f, id, "SELECT title FROM conversations WHERE member_id = ?")
	c := converse(t, db, id)
	isMemberChange(t, "Append", db.Model(&c).Association("Sent").Append(&Message{ID: 3, Body: "hum"}))
	isMemberChange(t, "Delete", db.Model(&c).Association("Sent").Delete(&Message{MemberID: id, ConversationID: 1, ID: 1}))
	stored(t, f, id, messageRows, "1 1 hi", "1 2 ho")
}

func isMemberChange(t *testing.T, what string, err error) {
	t.Helper()
	var refused *scope.RefusedError
	if !errors.As(err, &refused) || refused.Reason != scope.MemberChange {
		t.Errorf("%s: %v; want it refused as a %s", what, err, scope.MemberChange)
	}
}
