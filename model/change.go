package model

import "time"

// Change is one step of a record's life: who moved it from one status to the next, when and why. Orders,
// payments, refunds, grants and gifts never change a status without leaving one; a record's first Change has an
// empty From.
type Change struct {
	ID       int64  `gorm:"primaryKey"`
	Thing    string // order, payment, refund, grant, gift
	ThingID  int64
	OrderID  int64  // the order it belongs to; 0 for a grant without one
	From     string `gorm:"column:from_status"`
	To       string `gorm:"column:to_status"`
	Who      string // see Actor
	Why      string
	HappenAt time.Time
}

// The things a Change speaks of.
const (
	ThingOrder   = "order"
	ThingPayment = "payment"
	ThingRefund  = "refund"
	ThingGrant   = "grant"
	ThingGift    = "gift"
)

// Actor says who brings news or asks for something, as it stands in the history.
type Actor string

// The actors that are no person. A person is LearnerActor or OperatorActor.
const (
	ActorNotify Actor = "wechat:notify" // WeChat Pay's notification
	ActorPush   Actor = "wechat:push"   // virtual payment's push
	ActorQuery  Actor = "wechat:query"  // WeChat's answer to our question
	ActorBill   Actor = "wechat:bill"   // the daily bill
	ActorTimer  Actor = "timer"
	ActorSystem Actor = "system"
	ActorImport Actor = "import" // a file of an older shop
)

// LearnerActor names a learner.
func LearnerActor(id int64) Actor { return Actor("learner:" + itoa(id)) }

// OperatorActor names an operator.
func OperatorActor(id int64) Actor { return Actor("operator:" + itoa(id)) }
