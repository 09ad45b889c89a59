package xpaytest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"time"

	"loudou/service/wechat/wechattest"
)

// Advice is a service's answer to Apple's question before a refund.
type Advice struct {
	ErrCode    *int   `json:"ErrCode" xml:"ErrCode"`
	ResultCode *int   `json:"result_code" xml:"result_code"` // 0 refund, 1 do not
	ResultInfo string `json:"result_info" xml:"result_info"`
	Evidence   string `json:"evidence" xml:"evidence"`
}

// askWait is how long WeChat waits for the answer.
const askWait = 3 * time.Second

// AskRefund asks the service what Apple asks: up to three times until it is answered, three seconds each. at is
// when the buyer asked Apple; the same at is the same question. An error: no such payment on iOS, or no answer,
// and then Apple decides alone. Which number pay_order_id is stands nowhere; here it is virtual payment's own.
func (f *Fake) AskRefund(outTradeNo, reason string, at time.Time) (Advice, error) {
	f.mu.Lock()
	o := f.s.Orders[outTradeNo]
	if o == nil || !o.IOS || o.PaidAt.IsZero() {
		f.mu.Unlock()
		return Advice{}, fmt.Errorf("%s is no payment on iOS", outTradeNo)
	}
	paid, provided := *o, "0"
	if o.Status >= 4 {
		provided = "1"
	}
	f.mu.Unlock()
	fields := func(int) wechattest.Fields {
		return wechattest.Fields{{Name: "MsgType", Value: "event"}, {Name: "Event", Value: "xpay_subscribe_ios_refund_query_notify"}, {Name: "refund_time", Value: fmt.Sprint(at.Unix())}, {Name: "order_time", Value: fmt.Sprint(paid.PaidAt.Unix())},
			{Name: "channel_bill", Value: "B" + paid.WxOrderID}, {Name: "bundleid", Value: "com.tencent.xin"}, {Name: "product_id", Value: paid.ProductID}, {Name: "p_count", Value: "1"},
			{Name: "refund_request_reason", Value: reason}, {Name: "provide_status", Value: provided}, {Name: "pay_order_id", Value: paid.WxOrderID}}
	}
	var out Advice
	for range 3 {
		began := time.Now()
		heard := f.push(fields, 1, false, func(answer []byte) bool {
			var a Advice
			if json.Unmarshal(answer, &a) != nil && xml.Unmarshal(answer, &a) != nil {
				return false
			}
			out = a
			return a.ErrCode != nil && *a.ErrCode == 0 && a.ResultCode != nil && (*a.ResultCode == 0 || *a.ResultCode == 1)
		})
		if heard && time.Since(began) <= askWait {
			return out, nil
		}
	}
	return Advice{}, fmt.Errorf("no answer about %s within three seconds", outTradeNo)
}

// AppleRefund is Apple giving a payment on iOS back: the service hears of it as of any refund.
func (f *Fake) AppleRefund(outTradeNo string) error {
	f.mu.Lock()
	o := f.s.Orders[outTradeNo]
	if o == nil || !o.IOS || o.PaidAt.IsZero() || o.Left == 0 {
		f.mu.Unlock()
		return fmt.Errorf("nothing of %s can go back on iOS", outTradeNo)
	}
	now := f.opt.Now()
	x := &Refund{ID: "APPLE" + digits(18), WxID: "WXR" + digits(18), OutTradeNo: outTradeNo, Fee: o.Left, Status: 8, AskedAt: now, DoneAt: now}
	f.s.Refunds[x.ID], o.Left, o.Status = x, 0, 5
	bad := f.bad
	f.mu.Unlock()
	f.changed()
	f.tellRefund(x.ID, bad)
	return nil
}
