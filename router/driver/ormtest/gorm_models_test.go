package ormtest_test

import (
	"time"

	"gorm.io/gorm"
)

// Contact is a row of contacts. The member column is part of the key, by which
// GORM names rows.
type Contact struct {
	MemberID int64 `gorm:"primaryKey;autoIncrement:false"`
	ID       int64 `gorm:"primaryKey;autoIncrement:false"`
	Name     string
	Email    string
}

// Conversation is a row of conversations, with its messages twice: Sent by
// member and id, as it should be, and Loose by the id alone.
type Conversation struct {
	MemberID int64 `gorm:"primaryKey;autoIncrement:false"`
	ID       int64 `gorm:"primaryKey;autoIncrement:false"`
	Title    string
	Sent     []Message `gorm:"foreignKey:MemberID,ConversationID;references:MemberID,ID"`
	Loose    []Message `gorm:"foreignKey:ConversationID;references:ID"`
}

// Message is a row of messages.
type Message struct {
	MemberID       int64 `gorm:"primaryKey;autoIncrement:false"`
	ConversationID int64 `gorm:"primaryKey;autoIncrement:false"`
	ID             int64 `gorm:"primaryKey;autoIncrement:false"`
	Body           string
	Conversation   *Conversation `gorm:"foreignKey:MemberID,ConversationID;references:MemberID,ID"`
}

// Note is a row of notes.
type Note struct {
	MemberID             int64 `gorm:"primaryKey;autoIncrement:false"`
	ID                   int64 `gorm:"primaryKey;autoIncrement"`
	Body                 string
	CreatedAt, UpdatedAt time.Time
	DeletedAt            gorm.DeletedAt
}

// LooseNote is a row of notes as GORM's own model has it, by the id alone. The
// tag keeps Save from assigning the member column.
type LooseNote struct {
	gorm.Model
	MemberID int64 `gorm:"<-:create"`
	Body     string
}

// TableName is of GORM's Tabler.
func (LooseNote) TableName() string { return "notes" }
