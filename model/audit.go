package model

import "time"

// AuditEntry says who changed what, when, from what, to what, and why. Before and After are small JSON
// texts without secrets, message bodies or personal data; empty where there was nothing.
type AuditEntry struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	OperatorID   int64  // 0: the program itself
	OperatorName string
	Action       string // verb.object: "menu.publish"
	Object       string // "menu", "order" …
	ObjectID     string
	Before       string
	After        string
	Reason       string
	CreatedAt    time.Time
}

// TableName keeps the table's name apart from the type's.
func (AuditEntry) TableName() string { return "audit_entries" }
