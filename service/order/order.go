// Package order sells courses: it owns the orders, payments, refunds, order_changes, pay_notices,
// abandoned_notes and order_keys tables.
//
// What an order opens when it is paid is a grant for the buyer, or a gift for whoever opens it (gift.go). Four records are never merged into one status: the order (what, for how much, for whom), the payment
// (one out_trade_no on one channel, and what WeChat said), the refund (one out_refund_no) and the grant
// (service/grant). There is one transition into "paid", Settle, and one for refunds, Book, whoever
// brings the news. Locks are taken in the order learner → order → payment → refund → gift → grant. No network call is made
// inside a transaction: the intent is committed, then the call is made, then its result is committed; a
// kill between any two of them heals by asking WeChat, on the timetable at the end of this file.
package order

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
	"loudou/service/store/seal"
)

// Shop tells what is for sale, at what price and by which roads: service/course.
type Shop interface {
	// Item describes the course to a learner on platform. ErrNotFound when there is none to be seen.
	Item(ctx context.Context, courseID int64, platform model.Platform) (model.Item, error)
}

// Learners is service/learner.
type Learners interface {
	// SessionKey is the key of the learner's last wx.login, which signs virtual payments.
	SessionKey(ctx context.Context, learnerID int64) (string, error)
	// Lock holds the learner's row, so that nobody is erased while they order. ErrNotFound when erased.
	Lock(tx *gorm.DB, learnerID int64) (model.Learner, error)
}

// Channel is one road to WeChat's money: service/wxpay for jsapi, service/xpay for xpay. Errors are of our
// kinds; ErrUnavailable means that nobody knows whether the call arrived.
type Channel interface {
	// MchID is the merchant number that payments must name; empty where the channel has none.
	MchID() string
	// Prepay tells the channel of the attempt. Equal repeats give the same order there. A channel where
	// the order is born on the phone answers "". ErrConflict: the number is used up or closed there.
	Prepay(ctx context.Context, o model.Order, p model.Payment) (prepayID string, err error)
	// Pay is what the phone needs to open the payment sheet, as JSON.
	Pay(ctx context.Context, o model.Order, p model.Payment, sessionKey string) (any, error)
	// Query asks for the truth. ErrNotFound: the channel has never heard of the number.
	Query(ctx context.Context, p model.Payment) (model.Transaction, error)
	// Close ends the attempt. False without an error: the buyer is paying just now.
	Close(ctx context.Context, p model.Payment) (closed bool, err error)
	// Refund sends r; equal repeats are one refund.
	Refund(ctx context.Context, p model.Payment, r model.Refund) (model.RefundNews, error)
	// QueryRefund asks how r stands. ErrNotFound: it never arrived.
	QueryRefund(ctx context.Context, p model.Payment, r model.Refund) (model.RefundNews, error)
	// Deliver tells WeChat that the goods were handed over, where that is a duty.
	Deliver(ctx context.Context, o model.Order, p model.Payment) error
}

// Grants is service/grant. All but Covers change only the one grant that has the order as its reason.
type Grants interface {
	ByOrder(tx *gorm.DB, o model.Order, who model.Actor) error
	Freeze(tx *gorm.DB, orderID int64, who model.Actor, why string) error
	Thaw(tx *gorm.DB, orderID int64, who model.Actor, why string) error
	Revoke(tx *gorm.DB, orderID int64, who model.Actor, why string) error
	Covers(db *gorm.DB, learnerID, courseID int64) (bool, error)
}

// Gifts is service/gift: what an order bought to be given away opens instead of a grant.
type Gifts interface {
	ByOrder(tx *gorm.DB, o model.Order, who model.Actor) error
	Freeze(tx *gorm.DB, orderID int64, who model.Actor, why string) error
	Thaw(tx *gorm.DB, orderID int64, who model.Actor, why string) error
	Revoke(tx *gorm.DB, orderID int64, who model.Actor, why string) error
	// Of gives the order's gift; the zero gift before it is paid.
	Of(db *gorm.DB, orderID int64) (model.Gift, error)
}

// Inbox is service/ledger: what does not add up.
type Inbox interface {
	Add(tx *gorm.DB, e model.MoneyEntry) error
	Done(tx *gorm.DB, ukey string, who model.Actor, why string) error
}

// Facts is service/event.
type Facts interface {
	Add(tx *gorm.DB, e model.Event) error
}

// Auditor is service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Coupons is service/coupon; its rows are locked after the order's.
type Coupons interface {
	// Find tells what a typed code takes off; ErrInvalid with field coupon_code says why it does not apply.
	Find(tx *gorm.DB, typed string, learnerID, courseID int64, price model.Fen) (couponID int64, off model.Fen, err error)
	// CodeOf names a coupon.
	CodeOf(db *gorm.DB, id int64) (string, error)
	// Hold takes one use for a new order; ErrInvalid when the last one went meanwhile.
	Hold(tx *gorm.DB, o model.Order) error
	// Follow moves the use with the order's status; an order without a coupon is left alone.
	Follow(tx *gorm.DB, o model.Order) error
}

// Seats is service/course: how many may buy. Its row is locked after the coupon's.
type Seats interface {
	// HoldSeat takes one for a new order; ErrConflict when none is left, false where the course has no limit.
	HoldSeat(tx *gorm.DB, courseID int64) (bool, error)
	// MoveSeat gives one back (−1), or takes one whatever is left (+1).
	MoveSeat(tx *gorm.DB, courseID, by int64) error
}

// Studies knows how far a learner got in a course: service/progress and service/course.
type Studies interface {
	Study(ctx context.Context, learnerID, courseID int64) (model.Study, error)
}

// Queue is service/job.
type Queue interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
	Handle(kind string, fn func(ctx context.Context, payload json.RawMessage) error)
	Every(name string, d time.Duration, fn func(context.Context) error)
}

// Catalogue knows which numbers of articles or campaigns exist.
type Catalogue interface {
	// Among gives those of ids that exist.
	Among(ctx context.Context, ids []int64) ([]int64, error)
}

// Messenger tells a learner in Chinese, after the commit. It may be told the same thing twice.
type Messenger interface {
	Tell(ctx context.Context, o model.Order, what Message) error
}

// Message is an occasion to write to a learner.
type Message string

// Occasions.
const (
	MessagePaid     Message = "paid"
	MessageReturned Message = "returned" // unwanted money goes back
	MessageRefunded Message = "refunded"
	MessageRefused  Message = "refused"
)

// Options are the needs of the service. Messenger and the catalogues may be nil.
type Options struct {
	DB        *gorm.DB
	AppID     string // of the Mini Program whose orders these are; another's are not there
	Shop      Shop
	Learners  Learners
	Channels  map[model.Via]Channel
	Grants    Grants
	Gifts     Gifts // nil: nothing is sold to be given away
	Inbox     Inbox
	Facts     Facts
	Coupons   Coupons // nil: no code is known
	Seats     Seats   // nil: no course is limited
	Studies   Studies
	Auditor   Auditor
	Queue     Queue
	Messenger Messenger
	Articles  Catalogue // nil: no number is believed
	Campaigns Catalogue
	Now       func() time.Time // the business clock
	Seal      seal.Box         // keeps the openids that refunds to erased buyers need; required with virtual payment

	Expiry      time.Duration // how long an order waits for its money; default 30 minutes
	XPayHold    time.Duration // how long virtual payment may still bring money after the phone got its sheet; default 30 minutes
	RefundLimit model.Fen     // above it two operators must agree; 0: always
}

// Service sells.
type Service struct {
	Options
	db *gorm.DB
	// clock is the database's: leases and calls in flight are judged by it, never by the business clock.
	clock *store.Clock
}

// New makes the service and puts its jobs on the queue.
func New(o Options) *Service {
	if o.Expiry == 0 {
		o.Expiry = 30 * time.Minute
	}
	if o.XPayHold == 0 {
		o.XPayHold = 30 * time.Minute
	}
	s := &Service{Options: o, db: o.DB, clock: store.NewClock(o.DB)}
	o.Queue.Handle(jobPaid, s.afterPaid)
	o.Queue.Handle(jobRefund, s.jobPush)
	o.Queue.Handle(jobTell, s.jobTell)

	o.Queue.Every("order.expire", 10*time.Second, s.Expire)     // pending past its time → closing, asked, closed
	o.Queue.Every("order.close", 10*time.Second, s.CloseDue)    // closing → closed, with back-off
	o.Queue.Every("order.check", 10*time.Second, s.CheckDue)    // pending without news → ask
	o.Queue.Every("order.refund", 15*time.Second, s.RefundDue)  // refunds on their way → send again or ask
	o.Queue.Every("order.forget", time.Hour, s.ForgetKeys)      // request keys older than two days
	o.Queue.Every("order.sealed", 24*time.Hour, s.Forget)       // openids of erased buyers whose refund term is over
	o.Queue.Every("order.unclear", 5*time.Minute, s.ReportSlow) // unknown or closing for an hour → money inbox
	return s
}

// Kinds of jobs.
const (
	jobPaid   = "order.paid"   // close the other attempts, tell WeChat that the goods are delivered
	jobRefund = "order.refund" // send a refund
	jobTell   = "order.tell"   // write to the learner
)

func (s *Service) time() time.Time { return model.Milli(s.Now()) }
func (s *Service) real() time.Time { return s.clock.Now() }

func (s *Service) channel(via model.Via) (Channel, error) {
	if c := s.Channels[via]; c != nil {
		return remembering{c, s.Seal}, nil
	}
	return nil, model.Refuse(model.ErrUnavailable, model.CodeUnavailable, "这种支付方式还没有配置好")
}
