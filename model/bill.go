package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// BillState is how far a day's bill has come.
type BillState string

// waiting: WeChat has not made it yet; none: no trade that day; fetched: its rows are kept, and not all
// compared yet; done: compared; failed: what WeChat gave cannot be believed or read, Error says why.
const (
	BillWaiting BillState = "waiting"
	BillNone    BillState = "none"
	BillFetched BillState = "fetched"
	BillDone    BillState = "done"
	BillFailed  BillState = "failed"
)

// Bill is one channel's statement of one Shanghai day, and how it compares with our ledger. Sums are WeChat's.
type Bill struct {
	ID           int64 `gorm:"primaryKey"`
	Via          Via
	Day          int // 20260131
	State        BillState
	Hash         string // as WeChat signed it; empty where the channel states none
	RowCount     int64
	Paid         Fen // of payments
	Refunded     Fen // of refunds
	Fee          Fen // as stated, what refunds gave back taken off
	Equal        int64
	Differs      int64
	MissingHere  int64
	MissingThere int64
	Other        int64 // rows of other apps of the same merchant: none of our business
	Healed       int64 // payments and refunds this shop learned of only from the bill
	Error        string
	LeaseUntil   *time.Time // somebody works on it until then, by the database's clock
	Fence        int64
	FetchedAt    *time.Time
	ComparedAt   *time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// TableName keeps the table's name apart from the type's.
func (Bill) TableName() string { return "bills" }

// Left is what the day brings: payments less refunds less fee.
func (b Bill) Left() Fen { return b.Paid - b.Refunded - b.Fee }

// BillKind says what a row of a bill tells of.
type BillKind string

// A payment, or a refund: each is one row.
const (
	BillPay    BillKind = "pay"
	BillRefund BillKind = "refund"
)

// BillVerdict is how a row compares with our ledger.
type BillVerdict string

// other: of another app of the same merchant.
const (
	BillNew          BillVerdict = "new"
	BillEqual        BillVerdict = "equal"
	BillDiffers      BillVerdict = "differs"
	BillMissingHere  BillVerdict = "missing_here"
	BillMissingThere BillVerdict = "missing_there" // never of a row: what we have and the bill has not
	BillOther        BillVerdict = "other"
)

// BillRow is one row of a bill. Number is what makes it one: the transaction_id of a payment, the
// out_refund_no of a refund, each once per channel for ever. Payer is a digest, enough to compare and no openid.
type BillRow struct {
	ID            int64 `gorm:"primaryKey"`
	BillID        int64
	Via           Via
	Kind          BillKind
	Number        string
	AppID         string `gorm:"column:appid"`
	MchID         string `gorm:"column:mchid"`
	TransactionID string
	OutTradeNo    string
	RefundID      string
	OutRefundNo   string
	Payer         string
	Currency      string
	Status        string // of the refund when the bill was made; WeChat does not correct it later
	Amount        Fen    // paid or given back
	Fee           Fen    // taken for a payment; negative where a refund gave it back
	Rate          string // as stated: 0.60%
	TradedAt      time.Time
	Verdict       BillVerdict
	OrderID       int64 // 0: fits no order of ours
	Fence         int64 // of the fetch that last saw it
}

// TableName keeps the table's name apart from the type's.
func (BillRow) TableName() string { return "bill_rows" }

// BillDifference is one thing that does not fit: a row against our ledger, or what we have and the bill has
// not. It is open until a later comparison finds it in order; InboxKey names its entry in the money inbox.
type BillDifference struct {
	ID            int64 `gorm:"primaryKey"`
	BillID        int64
	UKey          string `gorm:"column:ukey"` // kind, channel and number
	Kind          BillKind
	Verdict       BillVerdict
	OrderID       int64
	TransactionID string
	OutTradeNo    string
	OutRefundNo   string
	Ours          Fen // 0 where we have nothing
	Theirs        Fen // 0 where the bill has nothing
	What          string
	InboxKey      string
	Fence         int64
	SolvedAt      *time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// TableName keeps the table's name apart from the type's.
func (BillDifference) TableName() string { return "bill_differences" }

// PayerDigest is what a bill row keeps of who paid.
func PayerDigest(o OpenID) string {
	if o == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(o))
	return hex.EncodeToString(sum[:16])
}

// Transaction is the row as news of a payment. ours is the buyer we know of, named again where the row means them.
func (r BillRow) Transaction(ours OpenID) Transaction {
	at := r.TradedAt
	t := Transaction{
		Via: r.Via, AppID: r.AppID, MchID: r.MchID, OutTradeNo: r.OutTradeNo, TransactionID: r.TransactionID, TradeState: TradeSuccess,
		Total: r.Amount, PayerTotal: r.Amount, Currency: r.Currency, PaidAt: &at, Raw: r.raw(),
	}
	if r.Payer != "" {
		t.Payer = OpenID("账单:" + r.Payer)
		if r.Payer == PayerDigest(ours) {
			t.Payer = ours
		}
	}
	return t
}

// RefundNews is the row as news of a refund.
func (r BillRow) RefundNews() RefundNews {
	n := RefundNews{
		Via: r.Via, MchID: r.MchID, OutTradeNo: r.OutTradeNo, TransactionID: r.TransactionID, OutRefundNo: r.OutRefundNo, RefundID: r.RefundID,
		Status: RefundStatus(r.Status), Amount: r.Amount, Raw: r.raw(),
	}
	switch r.Status {
	case "CLOSE", "FAIL": // the bill's words for closed
		n.Status = RefundStatusClosed
	case "CHANGE": // 转入代发: the card is dead
		n.Status = RefundStatusAbnormal
	case "":
		n.Status = RefundStatusProcessing
	}
	if n.Status == RefundStatusSuccess {
		at := r.TradedAt
		n.SucceededAt = &at
	}
	return n
}

func (r BillRow) raw() []byte {
	b, _ := json.Marshal(map[string]any{"bill": r.Kind, "transaction_id": r.TransactionID, "out_trade_no": r.OutTradeNo, "refund_id": r.RefundID, "out_refund_no": r.OutRefundNo,
		"status": r.Status, "amount": r.Amount, "fee": r.Fee, "rate": r.Rate, "traded_at": r.TradedAt.In(Shanghai).Format(time.DateTime)})
	return b
}

// FeeDiffers says in Chinese when the fee is not what the stated rate makes of the amount, to the fen; what a
// refund gives back may be one fen off, since parts are rounded. A row without a readable rate says nothing.
func (r BillRow) FeeDiffers() string {
	rate, ok := ParseRate(r.Rate)
	if !ok {
		return ""
	}
	want := RateFee(r.Amount, rate)
	slack := Fen(0)
	if r.Kind == BillRefund {
		want, slack = -want, 1
	}
	if d := r.Fee - want; d > slack || d < -slack {
		return "手续费不符：按费率 " + r.Rate + " 应为 ¥" + want.Yuan() + "，账单记 ¥" + r.Fee.Yuan()
	}
	return ""
}

// ParseRate reads 0.60% as parts of a million: 6000.
func ParseRate(s string) (int64, bool) {
	s, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !percent || f < 0 || f > 100 {
		return 0, false
	}
	return int64(math.Round(f * 10000)), true
}

// RateFee is amount times rate (parts of a million), rounded to the fen.
func RateFee(amount Fen, rate int64) Fen { return Fen((int64(amount)*rate + 500000) / 1000000) }
