package model

import (
	"slices"
	"strconv"
	"time"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// OrderStatus is our view of a sale; what the pay channel thinks is the payment's TradeState.
type OrderStatus string

// pending → paid → partly_refunded → refunded; pending → closing → closed; closing → paid when WeChat says
// so. closed → paid only by a late virtual payment on iOS, which nobody but Apple can give back.
const (
	OrderPending        OrderStatus = "pending"
	OrderClosing        OrderStatus = "closing"
	OrderClosed         OrderStatus = "closed"
	OrderPaid           OrderStatus = "paid"
	OrderPartlyRefunded OrderStatus = "partly_refunded"
	OrderRefunded       OrderStatus = "refunded"
)

// Open says whether WeChat may still bring money for the order that we would want.
func (s OrderStatus) Open() bool { return s == OrderPending || s == OrderClosing }

// Holding says whether the learner's money is with us, in whole or part.
func (s OrderStatus) Holding() bool { return s == OrderPaid || s == OrderPartlyRefunded }

var orderSteps = steps[OrderStatus]{
	"":                  {OrderPending, OrderPaid},
	OrderPending:        {OrderClosing, OrderPaid},
	OrderClosing:        {OrderClosed, OrderPaid},
	OrderClosed:         {OrderPaid},
	OrderPaid:           {OrderPartlyRefunded, OrderRefunded},
	OrderPartlyRefunded: {OrderPartlyRefunded, OrderRefunded},
}

// CanBecome says whether the step from s to next is one an order may ever take.
func (s OrderStatus) CanBecome(next OrderStatus) bool { return orderSteps.has(s, next) }

// steps is a table of states: for each, the ones that may follow.
type steps[S comparable] map[S][]S

func (t steps[S]) has(from, to S) bool {
	for _, s := range t[from] {
		if s == to {
			return true
		}
	}
	return false
}

// Order is one sale of one course to one learner, for themselves or as a gift: what, for how much, for whom. Title, price, refund rule and agreement
// are copied when it is placed, so later changes of the course do not reach it. OutTradeNo is its first
// attempt's number and the order's own name; further attempts are Payments with numbers of their own.
type Order struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	OutTradeNo string
	Kind       OrderKind `gorm:"default:self"` // whom the course is for
	LearnerID  int64
	PersonID   int64
	OpenID     OpenID `gorm:"column:openid"` // the buyer, under AppID
	Platform   Platform
	CourseID   int64
	Title      string
	ListPrice  Fen        // the course's price when the order was placed
	CouponID   int64      // 0: none
	FlashOff   Fen        // what the flash price took off, where one was in force
	Discount   Fen        // what the coupon took off
	Amount     Fen        // what is due, computed once by the server: ListPrice less FlashOff and Discount
	Seat       bool       // it took one of the course's seats, and holds it until it is closed or wholly refunded
	Agreement  string     // version of the agreement shown at the time
	AccessDays int        // how long the grant lasts from payment; 0 is for ever
	RefundRule RefundRule `gorm:"embedded;embeddedPrefix:refund_"` // the course's, at the time
	Via        Via        // the latest attempt's, and the payer's once paid
	Status     OrderStatus
	OpenKey    *string // OpenKeyOf while open; the unique index on it allows one open order of a kind
	PaidBy     string  // out_trade_no of the attempt that paid; empty for a free or hand-marked order
	PaidAt     *time.Time
	Refunded   Fen // sum of successful refunds
	ExpiresAt  time.Time
	CloseAt    *time.Time // when the closer looks next, while closing
	ClosingAt  *time.Time // since when it is closing
	ClosedAt   *time.Time
	ArticleID  int64 // where the buyer came from, as the Mini Program said when ordering
	CampaignID int64
	Channel    string
	Proof      string // reason and proof of an order marked paid by hand
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (Order) TableName() string { return "orders" }

// OpenKeyOf is the value that lets a learner have one open order per course, and one more to give it away.
func OpenKeyOf(kind OrderKind, learnerID, courseID int64) string {
	key := itoa(learnerID) + ":" + itoa(courseID)
	if kind == OrderForGift {
		return "gift:" + key
	}
	return key
}

// HoldsSeat tells whether an order in status s keeps its seat: until WeChat can no longer bring money for it, and
// then while any of the money is here.
func (s OrderStatus) HoldsSeat() bool { return s != OrderClosed && s != OrderRefunded }

// Left is what of the paid sum is still with us.
func (o *Order) Left() Fen { return o.Amount - o.Refunded }

// Settlement is what a piece of news about a payment means for its order.
type Settlement string

// The outcomes of Settle. Mismatch, Orphan and Late are outcomes, not errors: their rows commit with them.
const (
	SettleNothing  Settlement = "nothing"  // not paid, and nothing new
	SettleKnown    Settlement = "known"    // this money is booked already
	SettlePaid     Settlement = "paid"     // the order is paid now
	SettleLate     Settlement = "late"     // paid now although closed: iOS, where only Apple gives back
	SettleOrphan   Settlement = "orphan"   // true money for an order that wants none; it goes back
	SettleKept     Settlement = "kept"     // as orphan, but we cannot give it back: iOS
	SettleMismatch Settlement = "mismatch" // the news does not fit our payment; a person looks
	SettleStray    Settlement = "stray"    // no such number of ours; a person looks
	SettleDead     Settlement = "dead"     // the channel says this attempt can never be paid
)

// Settle says what t, the channel's word about attempt p, means for o, and changes o and p only when the
// answer is Paid, Late, Orphan, Kept, Mismatch or Dead. Told again changes nothing. fault says in Chinese
// what does not fit a Mismatch. It is the one transition into "paid", whoever brings the news.
func (o *Order) Settle(p *Payment, t Transaction, now time.Time) (s Settlement, fault string) {
	if !t.Paid() {
		if t.TradeState == TradeClosed && p.Status.Live() {
			p.Status, p.TradeState = PaymentClosed, t.TradeState
			return SettleDead, ""
		}
		return SettleNothing, ""
	}
	if fault = p.Differs(t); fault != "" {
		if p.Status.Live() {
			p.Status, p.TradeState = PaymentMismatch, t.TradeState
		}
		return SettleMismatch, fault
	}
	if p.Status.Booked() {
		return SettleKnown, ""
	}
	p.TransactionID, p.TradeState, p.PayerTotal = &t.TransactionID, t.TradeState, t.PayerTotal
	p.PaidAt = t.PaidAt
	if p.PaidAt == nil {
		p.PaidAt = &now
	}
	apple := p.Via == ViaXPay && o.Platform.mayBeIOS()
	switch {
	case o.Status.Open():
		s = SettlePaid
	case o.Status == OrderClosed && apple:
		s = SettleLate
	case apple:
		p.Status = PaymentOrphan
		return SettleKept, ""
	default:
		p.Status = PaymentOrphan
		return SettleOrphan, ""
	}
	p.Status = PaymentSuccess
	o.Status, o.PaidBy, o.PaidAt, o.Via = OrderPaid, p.OutTradeNo, p.PaidAt, p.Via
	o.OpenKey, o.CloseAt = nil, nil
	return s, ""
}

// Free settles an order whose sum is zero, or one an operator vouches for: paid without a payment.
func (o *Order) Free(via Via, at time.Time) bool {
	if o.Status != "" && !o.Status.Open() {
		return false
	}
	o.Status, o.Via, o.PaidAt, o.OpenKey, o.CloseAt = OrderPaid, via, &at, nil, nil
	return true
}

// BeginClosing marks that nobody shall pay any more; WeChat is asked before the order is closed.
func (o *Order) BeginClosing(now time.Time) bool {
	if o.Status != OrderPending {
		return false
	}
	o.Status, o.ClosingAt, o.CloseAt = OrderClosing, &now, &now
	return true
}

// Close ends a closing order. attempts are all of its payments; it answers false while one of them might
// still bring money.
func (o *Order) Close(attempts []Payment, now time.Time) bool {
	if o.Status != OrderClosing {
		return false
	}
	for _, p := range attempts {
		if p.Status.Live() {
			return false
		}
	}
	o.Status, o.ClosedAt, o.OpenKey, o.CloseAt = OrderClosed, &now, nil, nil
	return true
}

// Reserve says whether amount may be refunded beside the refunds there are: the sum of those that have not
// failed, and this one, may not pass what was paid. Read refunds under the order's lock.
func (o *Order) Reserve(amount Fen, refunds []Refund) error {
	if amount < 1 {
		return Refuse(ErrInvalid, CodeInvalid, "退款金额至少 1 分").Field("amount", "至少 1 分")
	}
	if !o.Status.Holding() {
		return Refuse(ErrConflict, CodeConflict, "这个订单没有可退的款项")
	}
	sum := Fen(0)
	for _, r := range refunds {
		if r.Kind == RefundOfOrder && r.Status.Holds() {
			sum += r.Amount
		}
	}
	if amount > o.Amount-sum {
		return Refuse(ErrConflict, CodeConflict, "退款合计会超过实付金额，最多还可退 ¥"+(o.Amount-sum).Yuan()).
			Field("amount", "最多 "+(o.Amount-sum).Yuan()+" 元")
	}
	return nil
}

// Refund books a successful refund of amount.
func (o *Order) Refund(amount Fen) bool {
	if !o.Status.Holding() || amount < 1 || o.Refunded+amount > o.Amount {
		return false
	}
	o.Refunded += amount
	o.Status = OrderPartlyRefunded
	if o.Refunded == o.Amount {
		o.Status = OrderRefunded
	}
	return true
}

// Item is a course as a shopkeeper sees it: what one learner on one terminal would buy.
type Item struct {
	CourseID   int64
	Title      string
	Price      Fen // the list price, which virtual payment knows the goods by
	FlashOff   Fen // what the flash price in force takes off
	Agreement  string
	AccessDays int // 0: for ever
	RefundRule RefundRule
	ProductID  string // virtual payment's goods at this price
	OnSale     bool
	Limited    bool  // there are so many seats and no more
	Vias       []Via // roads open on this terminal, the preferred one first; empty: nothing is sold here
}

// Due is what the course costs now, before a coupon.
func (i Item) Due() Fen { return i.Price - i.FlashOff }

// ViasFor are the roads that take amount where price is the list price: virtual payment takes not every
// discount.
func (i Item) ViasFor(price, amount Fen, p Platform) []Via {
	if amount == price || XPayTakes(price, amount, p) {
		return i.Vias
	}
	return slices.DeleteFunc(slices.Clone(i.Vias), func(v Via) bool { return v == ViaXPay })
}
