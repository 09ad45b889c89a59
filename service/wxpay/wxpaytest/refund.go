package wxpaytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"
)

// Refund is one out_refund_no as WeChat Pay knows it.
type Refund struct {
	OutRefundNo   string    `json:"out_refund_no"`
	RefundID      string    `json:"refund_id"`
	OutTradeNo    string    `json:"out_trade_no"`
	TransactionID string    `json:"transaction_id"`
	NotifyURL     string    `json:"notify_url,omitempty"`
	Reason        string    `json:"reason,omitempty"`
	Amount        int64     `json:"amount"`
	Total         int64     `json:"total"`
	Status        string    `json:"status"` // PROCESSING SUCCESS CLOSED ABNORMAL
	CreatedAt     time.Time `json:"created_at"`
	DoneAt        time.Time `json:"done_at,omitzero"`
	Params        string    `json:"params"`
}

func (f *Fake) refund(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct {
		TransactionID string `json:"transaction_id"`
		OutTradeNo    string `json:"out_trade_no"`
		OutRefundNo   string `json:"out_refund_no"`
		Reason        string `json:"reason"`
		NotifyURL     string `json:"notify_url"`
		Amount        struct {
			Refund   int64  `json:"refund"`
			Total    int64  `json:"total"`
			Currency string `json:"currency"`
		} `json:"amount"`
	}
	switch {
	case json.Unmarshal(body, &in) != nil, !refundNo.MatchString(in.OutRefundNo), (in.TransactionID == "") == (in.OutTradeNo == ""),
		utf8.RuneCountInString(in.Reason) > 80, in.NotifyURL != "" && !goodNotifyURL(in.NotifyURL), in.Amount.Refund < 1, in.Amount.Currency != "CNY":
		refuse(w, 400, "PARAM_ERROR", "参数错误")
		return
	}
	now := f.opt.Now()
	params := same(body)
	f.mu.Lock()
	if old := f.s.Refunds[in.OutRefundNo]; old != nil {
		if old.Params != params {
			f.mu.Unlock()
			refuse(w, 400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
			return
		}
		out := f.refundView(old)
		f.mu.Unlock()
		f.reply(w, r, 200, out)
		return
	}
	o := f.s.Orders[in.OutTradeNo]
	for _, x := range f.s.Orders {
		if in.TransactionID != "" && x.TransactionID == in.TransactionID {
			o = x
		}
	}
	status, code, message := f.refusal(o, in.Amount.Refund, in.Amount.Total, now)
	if code != "" {
		f.mu.Unlock()
		refuse(w, status, code, message)
		return
	}
	x := &Refund{OutRefundNo: in.OutRefundNo, RefundID: "5030" + digits(25), OutTradeNo: o.OutTradeNo, TransactionID: o.TransactionID, NotifyURL: in.NotifyURL, Reason: in.Reason,
		Amount: in.Amount.Refund, Total: in.Amount.Total, Status: "PROCESSING", CreatedAt: now, Params: params}
	f.s.Refunds[x.OutRefundNo] = x
	end := f.next
	out := f.refundView(x)
	f.mu.Unlock()
	f.changed()
	f.reply(w, r, 200, out)
	if end != "PROCESSING" {
		f.soon(x.OutRefundNo, end)
	}
}

// refusal says why a refund cannot be; the caller holds the lock.
func (f *Fake) refusal(o *Order, amount, total int64, now time.Time) (status int, code, message string) {
	if o == nil || o.TransactionID == "" {
		return 404, "RESOURCE_NOT_EXISTS", "订单不存在或未支付"
	}
	if total != o.Total {
		return 400, "INVALID_REQUEST", "订单总金额与支付单不一致"
	}
	sum, n := int64(0), 0
	for _, x := range f.s.Refunds {
		if x.OutTradeNo == o.OutTradeNo && x.Status != "CLOSED" {
			sum, n = sum+x.Amount, n+1
			if now.Sub(x.CreatedAt) < f.opt.RefundGap {
				return 429, "FREQUENCY_LIMITED", "频率限制，1分钟内请勿对同一订单重复退款"
			}
		}
	}
	switch {
	case sum+amount > o.Total:
		return 400, "INVALID_REQUEST", "退款金额大于可退金额"
	case n >= 50:
		return 400, "INVALID_REQUEST", "部分退款次数超过50次"
	case now.Sub(o.PaidAt) > 365*24*time.Hour:
		return 400, "INVALID_REQUEST", "订单已经超过退款期限"
	}
	return 0, "", ""
}

func (f *Fake) refundView(x *Refund) map[string]any {
	out := map[string]any{"refund_id": x.RefundID, "out_refund_no": x.OutRefundNo, "transaction_id": x.TransactionID, "out_trade_no": x.OutTradeNo, "channel": "ORIGINAL",
		"user_received_account": "招商银行信用卡0403", "create_time": stamp(x.CreatedAt), "status": x.Status, "funds_account": "AVAILABLE",
		"amount": map[string]any{"total": x.Total, "refund": x.Amount, "from": []any{}, "payer_total": x.Total, "payer_refund": x.Amount, "settlement_refund": x.Amount, "settlement_total": x.Total, "discount_refund": 0, "currency": "CNY"}}
	if x.Status == "SUCCESS" {
		out["success_time"] = stamp(x.DoneAt)
	}
	return out
}

// soon ends a refund after RefundIn.
func (f *Fake) soon(outRefundNo, end string) {
	f.background(&f.bg, func() {
		if f.sleep(f.opt.RefundIn) {
			_ = f.EndRefund(outRefundNo, end)
		}
	})
}

// NextRefunds says how refunds asked from now on end: SUCCESS (default), ABNORMAL, CLOSED, or PROCESSING for never.
func (f *Fake) NextRefunds(status string) { f.mu.Lock(); f.next = status; f.mu.Unlock() }

// EndRefund gives a refund its result now and sends the notice. status empty means SUCCESS. A refund that has
// succeeded or is closed stays so.
func (f *Fake) EndRefund(outRefundNo, status string) error {
	if status == "" {
		status = "SUCCESS"
	}
	f.mu.Lock()
	x := f.s.Refunds[outRefundNo]
	if x == nil {
		f.mu.Unlock()
		return fmt.Errorf("no refund %s", outRefundNo)
	}
	if x.Status == "SUCCESS" || x.Status == "CLOSED" {
		f.mu.Unlock()
		return nil
	}
	x.Status, x.DoneAt = status, f.opt.Now()
	if o := f.s.Orders[x.OutTradeNo]; o != nil && status == "SUCCESS" {
		o.State = "REFUND"
	}
	f.mu.Unlock()
	f.changed()
	f.notifyRefund(outRefundNo)
	return nil
}

// Refund gives what is known about an out_refund_no.
func (f *Fake) Refund(outRefundNo string) (Refund, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if x := f.s.Refunds[outRefundNo]; x != nil {
		return *x, true
	}
	return Refund{}, false
}

// Refunds gives all of them, in no order.
func (f *Fake) Refunds() []Refund {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Refund, 0, len(f.s.Refunds))
	for _, x := range f.s.Refunds {
		out = append(out, *x)
	}
	return out
}

func (f *Fake) queryRefund(w http.ResponseWriter, r *http.Request, _ []byte) {
	f.mu.Lock()
	x := f.s.Refunds[r.PathValue("out_refund_no")]
	var out map[string]any
	if x != nil {
		out = f.refundView(x)
	}
	f.mu.Unlock()
	if out == nil {
		refuse(w, 404, "RESOURCE_NOT_EXISTS", "退款单不存在")
		return
	}
	f.reply(w, r, 200, out)
}

// abnormal takes an abnormal refund to another account; it then succeeds.
func (f *Fake) abnormal(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct {
		OutRefundNo string `json:"out_refund_no"`
		Type        string `json:"type"`
	}
	if json.Unmarshal(body, &in) != nil || in.Type != "USER_BANK_CARD" && in.Type != "MERCHANT_BANK_CARD" {
		refuse(w, 400, "PARAM_ERROR", "参数错误")
		return
	}
	f.mu.Lock()
	x := f.s.Refunds[in.OutRefundNo]
	if x == nil || x.RefundID != r.PathValue("refund_id") || x.Status != "ABNORMAL" {
		f.mu.Unlock()
		refuse(w, 400, "INVALID_REQUEST", "退款单不是异常状态")
		return
	}
	x.Status = "PROCESSING"
	out := f.refundView(x)
	f.mu.Unlock()
	f.reply(w, r, 200, out)
	f.soon(in.OutRefundNo, "SUCCESS")
}
