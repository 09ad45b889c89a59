package xpaytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"loudou/service/wechat/wechattest"
)

var messages = map[int]string{268490001: "openid错误", 268490002: "请求参数字段错误，或数据不存在", 268490003: "签名错误", 268490004: "重复操作，之前的请求已成功", 268490006: "金额错误", 268490012: "任务执行中", 268490013: "订单不支持退款", 268490014: "退款进行中，请用相同参数重试", 268490016: "left_fee 与实际不符"}

func answer(w http.ResponseWriter, v map[string]any) {
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	if _, said := v["errcode"]; !said {
		v["errcode"], v["errmsg"] = 0, "ok"
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
}

func refuse(w http.ResponseWriter, code int) {
	answer(w, map[string]any{"errcode": code, "errmsg": messages[code]})
}

func (f *Fake) routes() {
	h := func(name string, fn func(w http.ResponseWriter, body []byte)) {
		f.mux.HandleFunc("/xpay/"+name, f.guard(name, fn))
	}
	h("query_order", f.queryOrder)
	h("notify_provide_goods", f.provided)
	h("refund_order", f.refundOrder)
	h("start_upload_goods", f.startUpload)
	h("query_upload_goods", func(w http.ResponseWriter, _ []byte) { f.queryBatch(w, &f.s.Upload, "upload_item", "upload_status") })
	h("start_publish_goods", f.startPublish)
	h("query_publish_goods", func(w http.ResponseWriter, _ []byte) { f.queryBatch(w, &f.s.Publish, "publish_item", "publish_status") })
	f.mux.HandleFunc("POST /xpay/download_bill", f.downloadBill)
	f.mux.HandleFunc("GET /xpay/bill_file/{name}", f.billFile)
	f.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"errcode": 40066, "errmsg": "invalid url"})
	})
}

// guard checks method, length, access token and pay_sig over the raw body.
func (f *Fake) guard(name string, fn func(http.ResponseWriter, []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" {
			answer(w, map[string]any{"errcode": 43002, "errmsg": "require POST method"})
			return
		}
		if r.ContentLength < 0 {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		appid, code := f.opt.WeChat.Authorised(r)
		if code == 0 && appid != f.opt.WeChat.Mini().AppID {
			code = 48001
		}
		if code != 0 {
			answer(w, map[string]any{"errcode": code, "errmsg": map[int]string{40001: "invalid credential, access_token is invalid or not latest", 41001: "access_token missing", 42001: "access_token expired", 48001: "api unauthorized"}[code] + " rid: 0"})
			return
		}
		body, _ := io.ReadAll(r.Body)
		var in struct{ Env int }
		if json.Unmarshal(body, &in) != nil || in.Env != 0 && in.Env != 1 {
			refuse(w, 268490002)
			return
		}
		if r.URL.Query().Get("pay_sig") != wechattest.HMAC(f.key(in.Env), "/xpay/"+name+"&"+string(body)) {
			refuse(w, 268490003)
			return
		}
		fn(w, body)
	}
}

type which struct {
	OpenID    string `json:"openid"`
	Env       int    `json:"env"`
	OrderID   string `json:"order_id"`
	WxOrderID string `json:"wx_order_id"`
}

// find gives the order a call names; exactly one of its numbers must be given. The caller holds the lock.
func (f *Fake) find(in which) *Order {
	if (in.OrderID == "") == (in.WxOrderID == "") {
		return nil
	}
	for _, o := range f.s.Orders {
		if o.Env == in.Env && (o.OutTradeNo == in.OrderID || in.OrderID == "" && o.WxOrderID == in.WxOrderID) {
			return o
		}
	}
	return nil
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func (f *Fake) queryOrder(w http.ResponseWriter, body []byte) {
	var in which
	_ = json.Unmarshal(body, &in)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.s.Refunds {
		if x.ID == in.OrderID && x.ID != "" {
			answer(w, map[string]any{"order": map[string]any{"order_id": x.ID, "wx_order_id": x.WxID, "status": x.Status, "order_type": 1, "order_fee": x.Fee, "refund_fee": x.Fee, "create_time": x.AskedAt.Unix(), "update_time": max(x.AskedAt.Unix(), unix(x.DoneAt))}})
			return
		}
	}
	o := f.find(in)
	switch {
	case o == nil:
		refuse(w, 268490002)
		return
	case o.OpenID != in.OpenID:
		refuse(w, 268490001)
		return
	}
	paid := int64(0)
	if o.Status >= 2 {
		paid = o.Price
	}
	env := 1
	if o.Env == 1 {
		env = 2
	}
	answer(w, map[string]any{"order": map[string]any{"order_id": o.OutTradeNo, "wx_order_id": o.WxOrderID, "create_time": o.CreatedAt.Unix(), "update_time": max(o.CreatedAt.Unix(), unix(o.PaidAt), unix(o.DeliveredAt)), "status": o.Status, "biz_type": 0,
		"order_fee": o.Price, "coupon_fee": 0, "paid_fee": paid, "order_type": 0, "refund_fee": paid - o.Left, "left_fee": o.Left, "paid_time": unix(o.PaidAt), "provide_time": unix(o.DeliveredAt), "env_type": env, "token": "", "biz_meta": o.Attach,
		"channel_order_id": o.TransactionID, "wxpay_order_id": o.TransactionID}})
}

func (f *Fake) provided(w http.ResponseWriter, body []byte) {
	var in which
	_ = json.Unmarshal(body, &in)
	f.mu.Lock()
	o := f.find(in)
	code := 0
	switch {
	case o == nil, o != nil && o.Status < 2:
		code = 268490002
	case o.Status > 3:
		code = 268490004
	default:
		o.Status, o.DeliveredAt, o.Told = 4, f.opt.Now(), true
	}
	f.mu.Unlock()
	if code != 0 {
		refuse(w, code)
		return
	}
	f.changed()
	answer(w, map[string]any{})
}

func (f *Fake) refundOrder(w http.ResponseWriter, body []byte) {
	var in struct {
		which
		ID     string `json:"refund_order_id"`
		Left   int64  `json:"left_fee"`
		Fee    int64  `json:"refund_fee"`
		Reason string `json:"refund_reason"`
		From   string `json:"req_from"`
	}
	if json.Unmarshal(body, &in) != nil || !number.MatchString(in.ID) || len(in.Reason) != 1 || in.Reason > "5" || in.Reason < "0" || len(in.From) != 1 || in.From < "1" || in.From > "3" {
		refuse(w, 268490002)
		return
	}
	view := func(x *Refund, o *Order) map[string]any {
		return map[string]any{"refund_order_id": x.ID, "refund_wx_order_id": x.WxID, "pay_order_id": o.OutTradeNo, "pay_wx_order_id": o.WxOrderID}
	}
	f.mu.Lock()
	o := f.find(in.which)
	code, old := 0, f.s.Refunds[in.ID]
	running := int64(0)
	for _, x := range f.s.Refunds {
		if o != nil && x.OutTradeNo == o.OutTradeNo && x.Status == 1 {
			running += x.Fee
		}
	}
	switch {
	case o == nil || o.Status < 2:
		code = 268490002
	case o.OpenID != in.OpenID:
		code = 268490001
	case old != nil && old.Body != string(body):
		code = 268490002
	case old != nil && old.Status == 1:
		out := view(old, o)
		f.mu.Unlock()
		answer(w, out)
		return
	case old != nil:
		code = 268490004
	case o.IOS:
		code = 268490013
	case in.Left != o.Left-running:
		code = 268490016
	case in.Fee < 1 || in.Fee > in.Left:
		code = 268490006
	case f.opt.Now().Sub(o.PaidAt) > 365*24*time.Hour:
		code = 268490013
	}
	if code != 0 {
		f.mu.Unlock()
		refuse(w, code)
		return
	}
	x := &Refund{ID: in.ID, WxID: "WR" + digits(18), OutTradeNo: o.OutTradeNo, Fee: in.Fee, Status: 1, AskedAt: f.opt.Now(), Body: string(body)}
	f.s.Refunds[x.ID] = x
	next, out := f.next, view(x, o)
	f.mu.Unlock()
	f.changed()
	answer(w, out)
	if next >= 0 {
		f.soon(x.ID, next)
	}
}

// NextRefunds says how refunds asked from now on end: retCode 0 done, above 0 failed, below 0 never.
func (f *Fake) NextRefunds(retCode int) { f.mu.Lock(); f.next = retCode; f.mu.Unlock() }

func (f *Fake) soon(id string, retCode int) {
	f.background(&f.bg, func() {
		if f.sleep(f.opt.RefundIn) {
			_ = f.EndRefund(id, retCode)
		}
	})
}

// EndRefund gives a running refund its result now and pushes xpay_refund_notify.
func (f *Fake) EndRefund(id string, retCode int) error {
	f.mu.Lock()
	x := f.s.Refunds[id]
	if x == nil || x.Status != 1 {
		f.mu.Unlock()
		return fmt.Errorf("no running refund %s", id)
	}
	x.DoneAt, x.Status = f.opt.Now(), 7
	if o := f.s.Orders[x.OutTradeNo]; retCode == 0 {
		x.Status = 8
		if o.Left -= x.Fee; o.Left == 0 {
			o.Status = 5
		}
	}
	bad := f.bad
	f.mu.Unlock()
	f.changed()
	f.tellRefund(id, bad)
	return nil
}

func (f *Fake) tellRefund(id string, bad BadDays) {
	less := int64(0)
	if bad.WrongAmount {
		less = 1
	}
	told := func() {
		f.mu.Lock()
		f.s.Refunds[id].Told = true
		f.mu.Unlock()
		f.changed()
	}
	f.tell(bad, func(n int) wechattest.Fields {
		f.mu.Lock()
		defer f.mu.Unlock()
		x := f.s.Refunds[id]
		o := f.s.Orders[x.OutTradeNo]
		code, text := 0, "success"
		if x.Status == 7 {
			code, text = 1, "退款失败"
		}
		return wechattest.Fields{{Name: "MsgType", Value: "event"}, {Name: "Event", Value: "xpay_refund_notify"}, {Name: "OpenId", Value: o.OpenID}, {Name: "WxRefundId", Value: x.WxID}, {Name: "MchRefundId", Value: x.ID}, {Name: "WxOrderId", Value: o.WxOrderID},
			{Name: "MchOrderId", Value: o.OutTradeNo}, {Name: "RefundFee", Value: x.Fee - less}, {Name: "RetCode", Value: code}, {Name: "RetMsg", Value: text}, {Name: "RefundStartTimestamp", Value: x.AskedAt.Unix()},
			{Name: "RefundSuccTimestamp", Value: unix(x.DoneAt)}, {Name: "WxpayRefundTransactionId", Value: "5030" + x.WxID}, {Name: "RetryTimes", Value: n}}
	}, told, told)
}

func (f *Fake) startUpload(w http.ResponseWriter, body []byte) {
	var in struct {
		Items []Goods `json:"upload_item"`
	}
	_ = json.Unmarshal(body, &in)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.s.Upload.Status == 1 {
		refuse(w, 268490012)
		return
	}
	if len(in.Items) < 1 || len(in.Items) > 100 {
		refuse(w, 268490002)
		return
	}
	b := batch{Status: 1}
	for _, g := range in.Items {
		if g.ID == "" || len(g.ID) > 64 || g.Name == "" || utf8.RuneCountInString(g.Name) > 20 || g.Price < 1 {
			refuse(w, 268490002)
			return
		}
		b.IDs = append(b.IDs, g.ID)
	}
	for _, g := range in.Items {
		if old := f.s.Goods[g.ID]; old != nil {
			g.Published = old.Published
		} else {
			g.Published = 0
		}
		f.s.Goods[g.ID] = &g
	}
	f.s.Upload = b
	f.start(&f.bg, f.uploaded)
	answer(w, map[string]any{})
}

func (f *Fake) uploaded() {
	f.sleep(f.opt.GoodsIn)
	f.mu.Lock()
	f.s.Upload.Status = 3
	f.mu.Unlock()
	f.changed()
}

func (f *Fake) startPublish(w http.ResponseWriter, body []byte) {
	var in struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"publish_item"`
	}
	_ = json.Unmarshal(body, &in)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.s.Publish.Status == 1 || f.s.Upload.Status == 1 {
		refuse(w, 268490012)
		return
	}
	if len(in.Items) < 1 || len(in.Items) > 100 {
		refuse(w, 268490002)
		return
	}
	b := batch{Status: 1}
	for _, i := range in.Items {
		b.IDs = append(b.IDs, i.ID)
	}
	f.s.Publish = b
	f.start(&f.bg, f.published)
	answer(w, map[string]any{})
}

func (f *Fake) published() {
	f.sleep(f.opt.GoodsIn)
	f.mu.Lock()
	b := &f.s.Publish
	b.Status = 3
	for _, id := range b.IDs {
		if g := f.s.Goods[id]; g != nil {
			g.Published = g.Price
		} else {
			b.Status, b.Failed = 2, append(b.Failed, id)
		}
	}
	f.mu.Unlock()
	f.changed()
}

func (f *Fake) queryBatch(w http.ResponseWriter, b *batch, list, status string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	items := []any{}
	for _, id := range b.IDs {
		one := map[string]any{"id": id, status: map[bool]int{true: 1, false: 0}[b.Status == 3]}
		for _, bad := range b.Failed {
			if bad == id {
				one["errmsg"] = "道具不存在"
			}
		}
		if g := f.s.Goods[id]; g != nil && list == "upload_item" {
			one["name"], one["price"], one["remark"], one["item_url"] = g.Name, g.Price, g.Remark, g.URL
		}
		items = append(items, one)
	}
	answer(w, map[string]any{"status": b.Status, list: items})
}
