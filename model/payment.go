package model

import "time"

// PaymentStatus is what we know about one attempt to pay.
type PaymentStatus string

// created: the number exists here; prepaid: the channel knows it, or the phone was given what to pay with;
// unknown: we asked and heard nothing, so only a query can tell. orphan: true money nobody wanted, on its
// way back; returned: it is back. mismatch: the channel's word does not fit ours.
const (
	PaymentCreated  PaymentStatus = "created"
	PaymentPrepaid  PaymentStatus = "prepaid"
	PaymentUnknown  PaymentStatus = "unknown"
	PaymentSuccess  PaymentStatus = "success"
	PaymentClosed   PaymentStatus = "closed"
	PaymentOrphan   PaymentStatus = "orphan"
	PaymentReturned PaymentStatus = "returned"
	PaymentMismatch PaymentStatus = "mismatch"
)

// Live says whether money may still come for the attempt.
func (s PaymentStatus) Live() bool {
	return s == PaymentCreated || s == PaymentPrepaid || s == PaymentUnknown
}

// Booked says whether the attempt's money has been taken in.
func (s PaymentStatus) Booked() bool {
	return s == PaymentSuccess || s == PaymentOrphan || s == PaymentReturned
}

var paymentSteps = steps[PaymentStatus]{
	"":              {PaymentCreated},
	PaymentCreated:  {PaymentPrepaid, PaymentUnknown, PaymentSuccess, PaymentClosed, PaymentOrphan, PaymentMismatch},
	PaymentPrepaid:  {PaymentSuccess, PaymentClosed, PaymentOrphan, PaymentMismatch},
	PaymentUnknown:  {PaymentCreated, PaymentPrepaid, PaymentSuccess, PaymentClosed, PaymentOrphan, PaymentMismatch},
	PaymentMismatch: {PaymentSuccess, PaymentOrphan}, // the channel corrected itself
	PaymentClosed:   {PaymentSuccess, PaymentOrphan, PaymentMismatch},
	PaymentOrphan:   {PaymentReturned},
}

// CanBecome says whether the step from s to next is one a payment may ever take.
func (s PaymentStatus) CanBecome(next PaymentStatus) bool { return paymentSteps.has(s, next) }

// Payment is one attempt to pay an order: one out_trade_no on one channel, and what WeChat said about it.
type Payment struct {
	ID            int64 `gorm:"primaryKey"`
	OrderID       int64
	OutTradeNo    string
	Via           Via
	AppID         string `gorm:"column:appid"`
	MchID         string `gorm:"column:mchid"` // jsapi only
	OpenID        OpenID `gorm:"column:openid"`
	OpenIDSealed  []byte `gorm:"column:openid_sealed" json:"-"` // xpay only: of an erased buyer, until RefundTerm is over
	ProductID     string // xpay only: the published goods
	Total         Fen
	Currency      string
	ExpireAt      time.Time // sent as time_expire; never changes, since a repeat must be equal
	Status        PaymentStatus
	PrepayID      string     // jsapi: good for two hours from PrepaidAt
	PrepaidAt     *time.Time // when PrepayID was given
	HandedAt      *time.Time // when the phone was last given what to pay with
	CalledAt      *time.Time // when the last prepay call began (real clock)
	CallUntil     *time.Time // a prepay call is in flight until then (real clock); nil once it answered
	Fault         string     // why the last prepay call failed: the channel's code, or FaultNoAnswer; empty once one succeeded
	TransactionID *string
	WxOrderID     string // virtual payment's own number; empty until it was asked for
	TradeState    TradeState
	PayerTotal    Fen
	PaidAt        *time.Time
	CheckAt       *time.Time // when to ask the channel next, while live
	Checks        int
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// RefundTerm is how long after the payment money can go back (facts: WeChat Pay, 365 days).
const RefundTerm = 365 * 24 * time.Hour

// TableName keeps the table's name apart from the type's.
func (Payment) TableName() string { return "payments" }

// prepayLife is how long a prepay_id is used; WeChat says two hours, and the phone needs some of them.
const prepayLife = 2*time.Hour - 5*time.Minute

// Ticket says whether the stored prepay_id can still be handed to the phone.
func (p *Payment) Ticket(now time.Time) bool {
	return p.PrepayID != "" && p.PrepaidAt != nil && now.Sub(*p.PrepaidAt) < prepayLife
}

// Differs says in Chinese what in the channel's word does not fit this attempt; empty when all fits.
// Virtual payment does not say everything; WeChat Pay must.
func (p *Payment) Differs(t Transaction) string {
	switch {
	case t.Via != p.Via:
		return "支付渠道不同：应为 " + string(p.Via) + "，实为 " + string(t.Via)
	case t.OutTradeNo != p.OutTradeNo:
		return "商户订单号不同"
	case t.Total != p.Total:
		return "金额不同：应为 ¥" + p.Total.Yuan() + "，实为 ¥" + t.Total.Yuan()
	case t.Currency != p.Currency:
		return "币种不同：" + t.Currency
	case t.AppID != p.AppID && (t.AppID != "" || p.Via == ViaJSAPI):
		return "appid 不同：" + t.AppID
	case t.MchID != p.MchID && p.Via == ViaJSAPI:
		return "商户号不同：" + t.MchID
	case t.Payer != p.OpenID && p.OpenID != "" && (t.Payer != "" || p.Via == ViaJSAPI): // ours is empty once the buyer is erased
		return "付款人不是下单人"
	case p.Via == ViaXPay && t.ProductID != "" && t.ProductID != p.ProductID:
		return "道具不同：" + t.ProductID
	case t.TransactionID == "":
		return "没有支付单号"
	case p.TransactionID != nil && *p.TransactionID != t.TransactionID:
		return "同一商户订单号有两个支付单号：" + *p.TransactionID + "、" + t.TransactionID
	}
	return ""
}

// PayNotice is one thing a channel told us, word for word, kept as proof: a notification, a push or an
// answer to a query. The same words are one row; Times counts how often they came.
type PayNotice struct {
	ID          int64  `gorm:"primaryKey"`
	Digest      string // of source, number and words; unique
	Source      Actor
	Via         Via
	NoticeID    string // WeChat's own id of the notification
	OrderID     int64  // 0: fits no order of ours
	OutTradeNo  string
	OutRefundNo string
	Outcome     string // a Settlement, a RefundOutcome, malformed, or other
	Raw         string
	Times       int
	FirstAt     time.Time
	LastAt      time.Time
}

// TableName keeps the table's name apart from the type's.
func (PayNotice) TableName() string { return "pay_notices" }
