package model

import "time"

// MoneyKind says what does not add up.
type MoneyKind string

// Kinds of entries in the money inbox.
const (
	MoneyMismatch       MoneyKind = "mismatch"        // paid, but amount, payer or merchant differ from ours
	MoneyStray          MoneyKind = "stray"           // paid under a number we never gave
	MoneyAfterClose     MoneyKind = "after_close"     // paid after the order was closed; goes back by itself
	MoneyTwice          MoneyKind = "twice"           // paid a second time; goes back by itself
	MoneyLateApple      MoneyKind = "late_apple"      // iOS: paid after closing, opened all the same
	MoneyTwiceApple     MoneyKind = "twice_apple"     // iOS: paid twice, only Apple can give it back
	MoneyUnknown        MoneyKind = "unknown"         // an attempt unknown for an hour
	MoneyClosing        MoneyKind = "closing"         // an order that cannot be closed for an hour
	MoneyRefundAbnormal MoneyKind = "refund_abnormal" // the buyer's card is dead
	MoneyRefundFailed   MoneyKind = "refund_failed"   // WeChat closed or refused the refund
	MoneyRefundMismatch MoneyKind = "refund_mismatch" // a refund's news does not fit ours
	MoneyRefundStray    MoneyKind = "refund_stray"    // money went back without our doing
	MoneyUnreadable     MoneyKind = "unreadable"      // WeChat truly said something nobody can read
	MoneyBill           MoneyKind = "bill"            // WeChat's daily bill and our ledger differ, or the bill cannot be had
)

// MoneyState is whether a person still has to look.
type MoneyState string

// An entry is open until what it tells of is settled, by itself or by a person.
const (
	MoneyOpen MoneyState = "open"
	MoneyDone MoneyState = "done"
)

// MoneyEntry is one line of the money inbox: something that does not add up, the sum, and what to do.
type MoneyEntry struct {
	ID            int64 `gorm:"primaryKey"`
	Kind          MoneyKind
	UKey          string `gorm:"column:ukey"` // one entry per thing: "mismatch:<out_trade_no>" …
	OrderID       int64
	Via           Via
	OutTradeNo    string
	TransactionID string
	OutRefundNo   string
	Amount        Fen    // the sum in question; 0 when none moved
	What          string // Chinese: what happened
	Todo          string // Chinese: what to do
	State         MoneyState
	ResolvedBy    Actor
	ResolvedWhy   string
	ResolvedAt    *time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// TableName names the table by what an operator calls it.
func (MoneyEntry) TableName() string { return "money_inbox" }
