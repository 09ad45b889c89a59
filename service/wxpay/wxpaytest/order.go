package wxpaytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Order is one out_trade_no as WeChat Pay knows it.
type Order struct {
	AppID         string    `json:"appid"`
	OutTradeNo    string    `json:"out_trade_no"`
	Description   string    `json:"description"`
	Attach        string    `json:"attach,omitempty"`
	NotifyURL     string    `json:"notify_url"`
	Total         int64     `json:"total"`
	Payer         string    `json:"payer"`
	Expire        time.Time `json:"expire"`
	PrepayID      string    `json:"prepay_id"`
	PrepaidAt     time.Time `json:"prepaid_at"` // real clock: two hours
	State         string    `json:"state"`      // NOTPAY SUCCESS REFUND CLOSED
	TransactionID string    `json:"transaction_id,omitempty"`
	PayerTotal    int64     `json:"payer_total,omitempty"`
	PaidAt        time.Time `json:"paid_at,omitzero"`
	Params        string    `json:"params"` // what must be the same when the number comes again
	CreatedAt     time.Time `json:"created_at"`
}

var (
	tradeNo  = regexp.MustCompile(`^[0-9A-Za-z_\-*]{6,32}$`)
	refundNo = regexp.MustCompile(`^[0-9A-Za-z_\-|*@]{1,64}$`)
)

// goodNotifyURL: https (a fake on loopback may say http), no query, at most 255 bytes.
func goodNotifyURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")) && u.Host != "" && u.RawQuery == "" && len(s) <= 255
}

func (f *Fake) prepay(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct {
		AppID       string `json:"appid"`
		MchID       string `json:"mchid"`
		Description string `json:"description"`
		OutTradeNo  string `json:"out_trade_no"`
		TimeExpire  string `json:"time_expire"`
		Attach      string `json:"attach"`
		NotifyURL   string `json:"notify_url"`
		Amount      struct {
			Total    int64  `json:"total"`
			Currency string `json:"currency"`
		} `json:"amount"`
		Payer struct {
			OpenID string `json:"openid"`
		} `json:"payer"`
	}
	if json.Unmarshal(body, &in) != nil {
		refuse(w, 400, "PARAM_ERROR", "请求参数不是合法的JSON")
		return
	}
	now := f.opt.Now()
	expire := now.Add(7 * 24 * time.Hour)
	fault := ""
	if in.TimeExpire != "" {
		t, err := time.Parse(time.RFC3339, in.TimeExpire)
		if err != nil {
			fault = "time_expire"
		}
		expire = t
		if low, high := now.Add(time.Minute), now.Add(90*24*time.Hour); t.Before(low) {
			expire = low
		} else if t.After(high) {
			expire = high
		}
	}
	switch {
	case !tradeNo.MatchString(in.OutTradeNo):
		fault = "out_trade_no"
	case in.Description == "" || utf8.RuneCountInString(in.Description) > 127:
		fault = "description"
	case utf8.RuneCountInString(in.Attach) > 128:
		fault = "attach"
	case !goodNotifyURL(in.NotifyURL):
		fault = "notify_url"
	case in.Amount.Total < 1:
		fault = "amount.total"
	case in.Amount.Currency != "" && in.Amount.Currency != "CNY":
		fault = "amount.currency"
	case in.Payer.OpenID == "":
		fault = "payer.openid"
	}
	if fault != "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(400)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": "PARAM_ERROR", "message": "参数错误", "detail": map[string]any{"field": "/" + strings.ReplaceAll(fault, ".", "/"), "issue": "参数 " + fault + " 不符合规则", "location": "body"}})
		return
	}
	bound := len(f.opt.AppIDs) == 0
	for _, a := range f.opt.AppIDs {
		bound = bound || a == in.AppID
	}
	if in.MchID != f.opt.Keys.MchID || in.AppID == "" || !bound {
		refuse(w, 400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
		return
	}
	params := same(body)
	f.mu.Lock()
	o := f.s.Orders[in.OutTradeNo]
	switch {
	case o == nil:
		o = &Order{AppID: in.AppID, OutTradeNo: in.OutTradeNo, Description: in.Description, Attach: in.Attach, NotifyURL: in.NotifyURL, Total: in.Amount.Total, Payer: in.Payer.OpenID,
			Expire: expire, State: "NOTPAY", Params: params, CreatedAt: now}
		f.s.Orders[o.OutTradeNo] = o
	case o.Params != params:
		f.mu.Unlock()
		refuse(w, 403, "OUT_TRADE_NO_USED", "201 商户订单号重复")
		return
	case o.State == "CLOSED" || !now.Before(o.Expire):
		f.mu.Unlock()
		refuse(w, 400, "ORDER_CLOSED", "该订单已关闭，请重新下单")
		return
	case o.State != "NOTPAY":
		f.mu.Unlock()
		refuse(w, 400, "INVALID_REQUEST", "该订单已支付")
		return
	}
	o.PrepayID, o.PrepaidAt = "wx"+now.In(shanghai).Format("20060102150405")+digits(20), time.Now()
	f.s.prepaid[o.PrepayID] = o
	id := o.PrepayID
	f.mu.Unlock()
	f.changed()
	f.reply(w, r, 200, map[string]string{"prepay_id": id})
}

// same writes a request so that two of the same meaning are equal: object keys in order, spaces gone.
func same(body []byte) string {
	var v any
	_ = json.Unmarshal(body, &v)
	b, _ := json.Marshal(v)
	return string(b)
}

// transaction is what a query and a notice say about an order.
func (f *Fake) transaction(o *Order) map[string]any {
	out := map[string]any{"appid": o.AppID, "mchid": f.opt.Keys.MchID, "out_trade_no": o.OutTradeNo, "trade_state": o.State, "trade_state_desc": desc[o.State], "attach": o.Attach}
	if o.State == "SUCCESS" || o.State == "REFUND" {
		out["transaction_id"], out["trade_type"], out["bank_type"] = o.TransactionID, "JSAPI", "OTHERS"
		out["success_time"] = stamp(o.PaidAt)
		out["payer"] = map[string]string{"openid": o.Payer}
		out["amount"] = map[string]any{"total": o.Total, "payer_total": o.PayerTotal, "currency": "CNY", "payer_currency": "CNY"}
		if o.PayerTotal < o.Total {
			out["promotion_detail"] = []any{map[string]any{"coupon_id": "C" + o.TransactionID[:10], "name": "立减", "scope": "GLOBAL", "type": "NOCASH", "amount": o.Total - o.PayerTotal, "stock_id": "9", "wechatpay_contribute": o.Total - o.PayerTotal, "merchant_contribute": 0, "other_contribute": 0, "currency": "CNY"}}
		}
	}
	return out
}

var desc = map[string]string{"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "REFUND": "订单发生过退款", "CLOSED": "订单已关闭"}

func (f *Fake) query(w http.ResponseWriter, r *http.Request, _ []byte) {
	if r.URL.Query().Get("mchid") != f.opt.Keys.MchID {
		refuse(w, 400, "PARAM_ERROR", "mchid 不正确")
		return
	}
	f.mu.Lock()
	o := f.s.Orders[r.PathValue("out_trade_no")]
	if id := r.PathValue("transaction_id"); id != "" {
		for _, x := range f.s.Orders {
			if x.TransactionID == id {
				o = x
			}
		}
	}
	var out map[string]any
	if o != nil {
		out = f.transaction(o)
	}
	f.mu.Unlock()
	if out == nil {
		refuse(w, 404, "ORDER_NOT_EXIST", "订单不存在")
		return
	}
	f.reply(w, r, 200, out)
}

func (f *Fake) closeOrder(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct{ MchID string }
	if json.Unmarshal(body, &in) != nil || in.MchID != f.opt.Keys.MchID {
		refuse(w, 400, "PARAM_ERROR", "mchid 不正确")
		return
	}
	f.mu.Lock()
	o := f.s.Orders[r.PathValue("out_trade_no")]
	state, typing := "", false
	if o != nil {
		state, typing = o.State, f.typing[o.OutTradeNo]
		if state == "NOTPAY" && !typing {
			o.State = "CLOSED"
		}
	}
	f.mu.Unlock()
	switch {
	case o == nil:
		refuse(w, 404, "ORDER_NOT_EXIST", "订单不存在")
	case state == "CLOSED":
		refuse(w, 400, "ORDER_CLOSED", "订单已关闭")
	case state != "NOTPAY":
		refuse(w, 400, "INVALID_REQUEST", "该订单已支付，无法关闭")
	case typing:
		f.reply(w, r, 202, map[string]string{"code": "USERPAYING", "message": "用户支付中，需要输入密码"})
	default:
		f.changed()
		f.reply(w, r, 204, nil)
	}
}

// Order gives what is known about an out_trade_no.
func (f *Fake) Order(outTradeNo string) (Order, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o := f.s.Orders[outTradeNo]; o != nil {
		return *o, true
	}
	return Order{}, false
}

// Orders gives all of them, in no order.
func (f *Fake) Orders() []Order {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Order, 0, len(f.s.Orders))
	for _, o := range f.s.Orders {
		out = append(out, *o)
	}
	return out
}

// Sheet is what wx.requestPayment was given.
type Sheet struct {
	TimeStamp string `json:"timeStamp"`
	NonceStr  string `json:"nonceStr"`
	Package   string `json:"package"`
	SignType  string `json:"signType"`
	PaySign   string `json:"paySign"`
}

// OpenSheet does what the phone does before it shows the payment sheet: it checks paySign with the merchant's key,
// that the prepay_id is good and the order can still be paid. Its error is the text of requestPayment:fail.
func (f *Fake) OpenSheet(appid string, s Sheet) (Order, error) {
	if s.SignType != "RSA" {
		return Order{}, errors.New("requestPayment:fail signType 不是 RSA")
	}
	if !Verify(&f.opt.Keys.Merchant.PublicKey, appid+"\n"+s.TimeStamp+"\n"+s.NonceStr+"\n"+s.Package+"\n", s.PaySign) {
		return Order{}, errors.New("requestPayment:fail 支付验证签名失败")
	}
	id, found := strings.CutPrefix(s.Package, "prepay_id=")
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.s.prepaid[id]
	if !found || o == nil || o.AppID != appid {
		return Order{}, errors.New("requestPayment:fail prepay_id 无效")
	}
	return *o, f.payable(o, time.Since(o.PrepaidAt) > 2*time.Hour)
}

func (f *Fake) payable(o *Order, stale bool) error {
	switch {
	case o.State == "CLOSED":
		return errors.New("requestPayment:fail 订单已关闭")
	case o.State != "NOTPAY":
		return errors.New("requestPayment:fail 订单已支付")
	case !f.opt.Now().Before(o.Expire):
		return errors.New("requestPayment:fail 订单已过期")
	case stale:
		return errors.New("requestPayment:fail prepay_id 已失效")
	}
	return nil
}

// Payment says how an order is paid; the zero value is its own payer, now, without a coupon.
type Payment struct {
	Payer  string    // openid; empty: the order's
	At     time.Time // business time; zero: Now
	Coupon int64     // fen that WeChat pays for the payer
	Force  bool      // pay although the order is closed or expired: money that comes too late
	Silent bool      // send no notice
}

// Pay pays an order and sends the notice (in the background; Wait waits for its first delivery).
func (f *Fake) Pay(outTradeNo string, p Payment) (Order, error) {
	f.mu.Lock()
	o := f.s.Orders[outTradeNo]
	if o == nil {
		f.mu.Unlock()
		return Order{}, fmt.Errorf("no order %s", outTradeNo)
	}
	if err := f.payable(o, false); err != nil && !(p.Force && o.TransactionID == "") {
		f.mu.Unlock()
		return *o, err
	}
	if p.At.IsZero() {
		p.At = f.opt.Now()
	}
	if p.Payer != "" {
		o.Payer = p.Payer
	}
	o.State, o.PaidAt, o.PayerTotal = "SUCCESS", p.At, o.Total-p.Coupon
	o.TransactionID = "4200" + p.At.In(shanghai).Format("20060102") + digits(16)
	delete(f.typing, outTradeNo)
	done := *o
	f.mu.Unlock()
	f.changed()
	if !p.Silent {
		f.notifyPaid(outTradeNo)
	}
	return done, nil
}

// Typing says that the payer stands before the password: closing answers 202 until it is said no more.
func (f *Fake) Typing(outTradeNo string, yes bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if delete(f.typing, outTradeNo); yes {
		f.typing[outTradeNo] = true
	}
}

func (f *Fake) routes() {
	f.mux.HandleFunc("POST /v3/pay/transactions/jsapi", f.guard(f.prepay))
	f.mux.HandleFunc("GET /v3/pay/transactions/out-trade-no/{out_trade_no}", f.guard(f.query))
	f.mux.HandleFunc("GET /v3/pay/transactions/id/{transaction_id}", f.guard(f.query))
	f.mux.HandleFunc("POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close", f.guard(f.closeOrder))
	f.mux.HandleFunc("POST /v3/refund/domestic/refunds", f.guard(f.refund))
	f.mux.HandleFunc("GET /v3/refund/domestic/refunds/{out_refund_no}", f.guard(f.queryRefund))
	f.mux.HandleFunc("POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund", f.guard(f.abnormal))
	f.mux.HandleFunc("GET /v3/certificates", f.guard(f.certificates))
	f.mux.HandleFunc("GET /v3/bill/tradebill", f.guard(f.tradeBill))
	f.mux.HandleFunc("GET /v3/billdownload/file", f.guard(f.download))
	f.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, 404, "RESOURCE_NOT_EXISTS", "请求的资源不存在")
	})
}
