package model

import "time"

// RefundState is where a refund stands with us; RefundStatus is the channel's word.
type RefundState string

// asked → approved → sent → processing → success | closed | abnormal; asked → refused | withdrawn.
// closed is WeChat's "failed, the money stays with the merchant"; abnormal: the buyer's card is dead, a
// person settles it at the merchant platform.
const (
	RefundAsked      RefundState = "asked"
	RefundApproved   RefundState = "approved"
	RefundSent       RefundState = "sent"
	RefundProcessing RefundState = "processing"
	RefundSuccess    RefundState = "success"
	RefundClosed     RefundState = "closed"
	RefundAbnormal   RefundState = "abnormal"
	RefundRefused    RefundState = "refused"
	RefundWithdrawn  RefundState = "withdrawn"
)

// Holds says whether the refund's sum counts against what was paid: all but the failed and undone.
func (s RefundState) Holds() bool {
	return s != RefundClosed && s != RefundRefused && s != RefundWithdrawn
}

// Open says whether the refund is undecided or its money on the way.
func (s RefundState) Open() bool { return s.Holds() && s != RefundSuccess }

// Moving says whether the refund is ours to push on: approved and not answered for good.
func (s RefundState) Moving() bool {
	return s == RefundApproved || s == RefundSent || s == RefundProcessing
}

var refundSteps = steps[RefundState]{
	"":               {RefundAsked, RefundApproved, RefundSuccess}, // the last: Apple's, not started by us
	RefundAsked:      {RefundApproved, RefundRefused, RefundWithdrawn},
	RefundApproved:   {RefundSent, RefundProcessing, RefundSuccess, RefundClosed, RefundAbnormal},
	RefundSent:       {RefundProcessing, RefundSuccess, RefundClosed, RefundAbnormal},
	RefundProcessing: {RefundSuccess, RefundClosed, RefundAbnormal},
	RefundAbnormal:   {RefundSuccess, RefundClosed},
}

// CanBecome says whether the step from s to next is one a refund may ever take.
func (s RefundState) CanBecome(next RefundState) bool { return refundSteps.has(s, next) }

// RefundKind says what is given back.
type RefundKind string

// A refund of the order's own money takes the grant back; one of an orphan payment touches no grant.
const (
	RefundOfOrder  RefundKind = "order"
	RefundOfOrphan RefundKind = "orphan"
)

// Refund is money going back: one out_refund_no, fixed before WeChat is ever called, so that a repeat is
// the same refund.
type Refund struct {
	ID          int64 `gorm:"primaryKey"`
	OutRefundNo string
	OrderID     int64
	PaymentID   int64
	OutTradeNo  string // the attempt's
	Via         Via
	Kind        RefundKind
	Amount      Fen
	Total       Fen // of the attempt
	Left        Fen `gorm:"column:left_fee"` // what WeChat held of the attempt before this refund
	Reason      string
	Status      RefundState
	AskedBy     Actor
	ProposedBy  Actor // the first operator, where a second one must agree
	ApprovedBy  Actor
	DecidedWhy  string
	RequestKey  *string // who + Idempotency-Key; unique
	RequestHash string
	OpenKey     *string // the order's id while open; the unique index on it allows one open refund per order
	RefundID    string
	Error       string     // last refusal of the channel, in its own code
	NextAt      *time.Time // when to send or ask again (real clock); also the lease of the one doing it
	Tries       int
	SentAt      *time.Time
	SucceededAt *time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// TableName keeps the table's name apart from the type's.
func (Refund) TableName() string { return "refunds" }

// RefundOutcome is what the channel's word means for a refund.
type RefundOutcome string

// The outcomes of Book.
const (
	BookKnown    RefundOutcome = "known"
	BookMoved    RefundOutcome = "moved"    // sent or processing; not at its end
	BookSuccess  RefundOutcome = "success"  // the money is back with the buyer
	BookFailed   RefundOutcome = "closed"   // the money stays with us
	BookAbnormal RefundOutcome = "abnormal" // a person must settle it
	BookMismatch RefundOutcome = "mismatch"
)

// Book says what n, the channel's word, means for r, and changes r accordingly. Told again, or told
// something older than what is known, changes nothing. now stands in when the channel states no time.
func (r *Refund) Book(n RefundNews, now time.Time) (out RefundOutcome, fault string) {
	switch {
	case n.OutRefundNo != r.OutRefundNo || n.OutTradeNo != "" && n.OutTradeNo != r.OutTradeNo:
		return BookMismatch, "退款单号与订单号不相配"
	case n.Amount != r.Amount:
		return BookMismatch, "退款金额不同：应为 ¥" + r.Amount.Yuan() + "，实为 ¥" + n.Amount.Yuan()
	case n.Total != 0 && n.Total != r.Total:
		return BookMismatch, "订单金额不同：应为 ¥" + r.Total.Yuan() + "，实为 ¥" + n.Total.Yuan()
	}
	next := RefundState("")
	out = BookMoved
	switch n.Status {
	case RefundStatusProcessing:
		next = RefundProcessing
	case RefundStatusSuccess:
		next, out = RefundSuccess, BookSuccess
	case RefundStatusClosed:
		next, out = RefundClosed, BookFailed
	case RefundStatusAbnormal:
		next, out = RefundAbnormal, BookAbnormal
	default:
		return BookMismatch, "不认识的退款状态：" + string(n.Status)
	}
	if !r.Status.CanBecome(next) {
		if !r.Status.Holds() && next == RefundSuccess {
			return BookMismatch, "退款已按失败处理，微信却说成功"
		}
		return BookKnown, ""
	}
	r.Status = next
	if n.RefundID != "" {
		r.RefundID = n.RefundID
	}
	if !next.Moving() {
		r.NextAt = nil
	}
	if !next.Open() {
		r.OpenKey = nil
	}
	if next == RefundSuccess {
		if r.SucceededAt = n.SucceededAt; r.SucceededAt == nil {
			r.SucceededAt = &now
		}
	}
	return out, ""
}

// NeedsSecond says whether the refund, together with what of the order is refunded or on its way, passes
// limit, so that two operators must agree. Counting the sum keeps a large refund from being cut in pieces.
func (r *Refund) NeedsSecond(others []Refund, limit Fen) bool {
	sum := r.Amount
	for _, x := range others {
		if x.ID != r.ID && x.Kind == RefundOfOrder && x.Status.Holds() {
			sum += x.Amount
		}
	}
	return r.Kind == RefundOfOrder && sum > limit
}
