package xpaytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"loudou/service/wechat/wechattest"
)

// Call is what wx.requestVirtualPayment was given.
type Call struct {
	Mode      string `json:"mode"`
	SignData  string `json:"signData"`
	PaySig    string `json:"paySig"`
	Signature string `json:"signature"`
}

// ClientError is what the phone's fail callback gets.
type ClientError struct {
	Code int
	Text string
}

func (e ClientError) Error() string {
	return fmt.Sprintf("requestVirtualPayment:fail %s (errCode %d)", e.Text, e.Code)
}

// Open does what the phone does before it lets somebody pay: it checks both signatures over the text of signData,
// the number, the goods and the price, and then the order is born. person is an id or openid of wechattest. The same
// call again opens the same unpaid order. Errors are ClientError.
func (f *Fake) Open(person string, c Call) (Order, error) {
	p, known := f.opt.WeChat.Person(person)
	if !known {
		return Order{}, ClientError{-1, "用户不存在"}
	}
	var d struct {
		OfferID      string `json:"offerId"`
		Quantity     int    `json:"buyQuantity"`
		Env          *int   `json:"env"`
		Currency     string `json:"currencyType"`
		ProductID    string `json:"productId"`
		Price        int64  `json:"goodsPrice"`
		SellingPrice *int64 `json:"activitySellingPrice"`
		OutTradeNo   string `json:"outTradeNo"`
		Attach       string `json:"attach"`
	}
	if err := json.Unmarshal([]byte(c.SignData), &d); err != nil {
		return Order{}, ClientError{-15001, "signData 不是合法的JSON"}
	}
	env := 0
	if d.Env != nil {
		env = *d.Env
	}
	switch {
	case c.Mode != "short_series_goods":
		return Order{}, ClientError{1001, "mode 不支持"}
	case d.OfferID != f.opt.OfferID:
		return Order{}, ClientError{-15001, "offerId 不正确"}
	case d.Env == nil || env != 0 && env != 1:
		return Order{}, ClientError{-15001, "env 不正确"}
	case d.Quantity != 1:
		return Order{}, ClientError{-15001, "buyQuantity 不正确"}
	case d.Currency != "CNY":
		return Order{}, ClientError{-15001, "currencyType 不正确"}
	case !number.MatchString(d.OutTradeNo):
		return Order{}, ClientError{-15001, "outTradeNo 不正确"}
	case c.PaySig != wechattest.HMAC(f.key(env), "requestVirtualPayment&"+c.SignData):
		return Order{}, ClientError{-15006, "paySig 不正确"}
	case p.SessionKey == "" || c.Signature != wechattest.HMAC(p.SessionKey, c.SignData):
		return Order{}, ClientError{-15005, "SIGNATURE_INVALID 用户登录态可能已过期"}
	case p.Platform == "ios" && d.Price < 100:
		return Order{}, ClientError{-15001, "iOS 端金额不得低于1元"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	price := d.Price
	if d.SellingPrice != nil {
		price = *d.SellingPrice
	}
	if g := f.s.Goods[d.ProductID]; g != nil || !f.opt.AnyGoods {
		switch {
		case g == nil || g.Published == 0:
			return Order{}, ClientError{-15001, "道具未发布 COIN_OR_PRODUCT_ID_CREATED_IN_RECENTLY"}
		case g.Published != d.Price:
			return Order{}, ClientError{-15013, "道具价格与后台不一致"}
		}
	}
	if price < 1 || price > d.Price || price*5 < d.Price*2 {
		return Order{}, ClientError{-15001, "activitySellingPrice 不得低于道具价格的40%"}
	}
	if o := f.s.Orders[d.OutTradeNo]; o != nil {
		if o.Status != 1 || o.OpenID != p.MiniOpenID || o.Price != price || o.ProductID != d.ProductID {
			return Order{}, ClientError{-15001, "outTradeNo 重复"}
		}
		return *o, nil
	}
	o := &Order{OutTradeNo: d.OutTradeNo, WxOrderID: "WX" + digits(18), OpenID: p.MiniOpenID, ProductID: d.ProductID, Env: env, OrigPrice: d.Price, Price: price, Attach: d.Attach, Status: 1,
		IOS: p.Platform == "ios", CreatedAt: f.opt.Now()}
	f.s.Orders[o.OutTradeNo] = o
	return *o, nil
}

// Name is what the payment sheet shows for a product.
func (f *Fake) Name(productID string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g := f.s.Goods[productID]; g != nil && g.Name != "" {
		return g.Name
	}
	return productID
}

// Pay pays an order that Open made, at a business time (zero: now), and pushes xpay_goods_deliver_notify.
func (f *Fake) Pay(outTradeNo string, at time.Time) (Order, error) {
	f.mu.Lock()
	o := f.s.Orders[outTradeNo]
	if o == nil || o.Status != 1 {
		f.mu.Unlock()
		return Order{}, errors.New("no unpaid order " + outTradeNo)
	}
	if at.IsZero() {
		at = f.opt.Now()
	}
	o.Status, o.PaidAt, o.Left = 2, at, o.Price
	if !o.IOS {
		o.TransactionID = "4200" + at.Format("20060102") + digits(16)
	}
	done, bad := *o, f.bad
	f.mu.Unlock()
	f.changed()
	f.tellPaid(outTradeNo, bad)
	return done, nil
}

// TellAgain pushes the news about a paid order once more and says whether it was heard.
func (f *Fake) TellAgain(outTradeNo string) bool {
	f.mu.Lock()
	o := f.s.Orders[outTradeNo]
	f.mu.Unlock()
	if o == nil {
		return false
	}
	return f.push(func(n int) wechattest.Fields { return f.paidFields(outTradeNo, n, 0) }, 1, false, wechattest.GoodXPay)
}

func (f *Fake) paidFields(outTradeNo string, retry int, less int64) wechattest.Fields {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.s.Orders[outTradeNo]
	out := wechattest.Fields{{Name: "MsgType", Value: "event"}, {Name: "Event", Value: "xpay_goods_deliver_notify"}, {Name: "OpenId", Value: o.OpenID}, {Name: "OutTradeNo", Value: o.OutTradeNo}, {Name: "Env", Value: o.Env}}
	if !o.IOS {
		out = append(out, wechattest.Field{Name: "WeChatPayInfo", Value: wechattest.Fields{{Name: "MchOrderNo", Value: o.WxOrderID}, {Name: "TransactionId", Value: o.TransactionID}, {Name: "PaidTime", Value: o.PaidAt.Unix()}}})
	}
	return append(out, wechattest.Field{Name: "GoodsInfo", Value: wechattest.Fields{{Name: "ProductId", Value: o.ProductID}, {Name: "Quantity", Value: 1}, {Name: "OrigPrice", Value: o.OrigPrice}, {Name: "ActualPrice", Value: o.Price - less}, {Name: "Attach", Value: o.Attach}}},
		wechattest.Field{Name: "RetryTimes", Value: retry})
}

// push delivers what fields gives until it is heard, times times at most; FromUserName is not the buyer.
func (f *Fake) push(fields func(retry int) wechattest.Fields, times int, forged bool, good func(answer []byte) bool) bool {
	return f.opt.WeChat.PushUntil("oXpaySystemAccount00000000000", fields, times, f.opt.RetryEvery, forged, good)
}

func (f *Fake) tellPaid(outTradeNo string, bad BadDays) {
	heard := func() {
		f.mu.Lock()
		o := f.s.Orders[outTradeNo]
		if o.Told = true; o.Status == 2 {
			o.Status, o.DeliveredAt = 4, f.opt.Now()
		}
		f.mu.Unlock()
		f.changed()
	}
	less := int64(0)
	if bad.WrongAmount {
		less = 1
	}
	f.tell(bad, func(n int) wechattest.Fields { return f.paidFields(outTradeNo, n, less) }, heard, func() {
		f.mu.Lock()
		f.s.Orders[outTradeNo].Told = true
		f.mu.Unlock()
	})
}

// tell makes the first delivery (or several at once) in the foreground of Wait, the retries behind it.
func (f *Fake) tell(bad BadDays, fields func(int) wechattest.Fields, heard, lost func()) {
	if bad.Never {
		lost()
		return
	}
	f.background(&f.bg, func() {
		if !f.sleep(bad.Delay) {
			return
		}
		results := make(chan bool, max(1, bad.Times))
		for range cap(results) {
			go func() { results <- f.push(fields, 1, bad.Forged, wechattest.GoodXPay) }()
		}
		good := false
		for range cap(results) {
			good = <-results || good
		}
		if good {
			heard()
			return
		}
		f.background(&f.later, func() {
			if f.sleep(f.opt.RetryEvery) && f.push(func(n int) wechattest.Fields { return fields(n + 1) }, f.opt.Retries, bad.Forged, wechattest.GoodXPay) {
				heard()
			}
		})
	})
}
