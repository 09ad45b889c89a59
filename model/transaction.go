package model

import "time"

// TradeState is a channel's view of one attempt, in WeChat Pay's words; virtual payment is translated into them.
type TradeState string

// The states of facts on transactions; REFUND means: was paid, then refunded in whole or part.
const (
	TradeSuccess    TradeState = "SUCCESS"
	TradeRefund     TradeState = "REFUND"
	TradeNotPay     TradeState = "NOTPAY"
	TradeClosed     TradeState = "CLOSED"
	TradeUserPaying TradeState = "USERPAYING"
	TradePayError   TradeState = "PAYERROR"
)

// Transaction is what a channel says about one out_trade_no, whoever brought the news: notify, push,
// query or bill. Total is what was due at the channel (amount.total), PayerTotal what the buyer really
// paid after WeChat's own coupons. PaidAt is nil unless it was paid. Raw is the plain text it came as.
type Transaction struct {
	Via           Via
	AppID         string
	MchID         string // empty where the channel does not say (virtual payment)
	OutTradeNo    string
	TransactionID string // empty unless it was paid
	TradeState    TradeState
	Total         Fen
	PayerTotal    Fen
	Currency      string
	Payer         OpenID // empty where the channel does not say
	ProductID     string // virtual payment only
	WxOrderID     string // virtual payment's own number, from a query
	PaidAt        *time.Time
	Raw           []byte
}

// Paid tells whether money came in, refunded since or not.
func (t Transaction) Paid() bool { return t.TradeState == TradeSuccess || t.TradeState == TradeRefund }

// RefundStatus is a channel's view of one refund, in WeChat Pay's words (CLOSE is read as CLOSED).
type RefundStatus string

// The states of a refund at the channel.
const (
	RefundStatusSuccess    RefundStatus = "SUCCESS"
	RefundStatusClosed     RefundStatus = "CLOSED"
	RefundStatusProcessing RefundStatus = "PROCESSING"
	RefundStatusAbnormal   RefundStatus = "ABNORMAL"
)

// RefundNews is what a channel says about one out_refund_no. SucceededAt is nil unless Status is SUCCESS.
type RefundNews struct {
	Via           Via
	MchID         string
	OutTradeNo    string
	TransactionID string
	OutRefundNo   string
	RefundID      string
	Status        RefundStatus
	Amount        Fen // of this refund
	Total         Fen // of the whole order
	SucceededAt   *time.Time
	Raw           []byte
}

// JSAPIPay is what wx.requestPayment needs. Source: WeChat Pay v3, 小程序调起支付.
type JSAPIPay struct {
	TimeStamp string `json:"timeStamp"`
	NonceStr  string `json:"nonceStr"`
	Package   string `json:"package"`
	SignType  string `json:"signType"`
	PaySign   string `json:"paySign"`
}

// XPayPay is what wx.requestVirtualPayment needs; SignData must reach the phone byte for byte.
type XPayPay struct {
	Mode      string `json:"mode"`
	SignData  string `json:"signData"`
	PaySig    string `json:"paySig"`
	Signature string `json:"signature"`
}
