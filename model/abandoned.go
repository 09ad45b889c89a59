package model

import "time"

// AbandonedWhy is how far somebody got who began to pay and did not.
type AbandonedWhy string

// never: no payment sheet could be made; let_go: the phone had what it needs to pay, and its owner let it be;
// failed: the channel refused or did not answer, and PaymentFault says with which code.
const (
	AbandonedNever  AbandonedWhy = "never"
	AbandonedLetGo  AbandonedWhy = "let_go"
	AbandonedFailed AbandonedWhy = "failed"
)

// FaultNoAnswer is the fault of a prepay call that heard nothing.
const FaultNoAnswer = "no_answer"

// Abandoned is an order somebody began to pay and did not, and what an operator did about it.
type Abandoned struct {
	Order
	Why   AbandonedWhy
	Fault string // the latest one of its attempts
	Note  *AbandonedNote
}

// GivenUp tells whether the buyer ended it, before its time was over.
func (a *Abandoned) GivenUp() bool { return a.ClosingAt != nil && a.ClosingAt.Before(a.ExpiresAt) }

// AbandonedNote is what an operator did about an abandoned order: one per order, the latest word.
type AbandonedNote struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	OrderID      int64
	Note         string
	Done         bool
	OperatorID   int64
	OperatorName string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// TableName is said, since the row's name is not the table's.
func (AbandonedNote) TableName() string { return "abandoned_notes" }
