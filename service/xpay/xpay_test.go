package xpay

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"loudou/model"
)

func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			ID     string
			Inputs struct{ Key, Data string }
			Named  struct {
				SignData string `json:"sign_data"`
				AppKey   string
			}
			Expect struct{ Hex string }
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) < 4 {
		t.Fatalf("%d vectors, want 4", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		if got := Sign(v.Inputs.Key, v.Inputs.Data); got != v.Expect.Hex {
			t.Errorf("%s: %s, want %s", v.ID, got, v.Expect.Hex)
		}
		if v.Named.SignData == "" {
			continue
		}
		// The same order through PayParams must give the very bytes and signature of the vector.
		c, err := New(Options{AppID: "wx1", OfferID: "123", AppKey: v.Named.AppKey})
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.PayParams("session", Order{OutTradeNo: "C20260101000001", ProductID: "course_1001", Price: 9900, Attach: "course=1001"})
		if err != nil {
			t.Fatal(err)
		}
		if p.SignData != v.Named.SignData || p.PaySig != v.Expect.Hex || p.Signature != Sign("session", p.SignData) || p.Mode != "short_series_goods" {
			t.Errorf("%s: %+v", v.ID, p)
		}
	}
}

// client is one that calls nobody.
func client(t *testing.T) *Client {
	t.Helper()
	c, err := New(Options{AppID: "wxmini", OfferID: "offer1", AppKey: "live-key"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSettings(t *testing.T) {
	_, err := New(Options{Env: 7})
	var r *model.Refusal
	if !errors.As(err, &r) || len(r.Fields) != 4 {
		t.Errorf("faults = %v, want four at once", err)
	}
	if _, err := New(Options{AppID: "a", OfferID: "b", AppKey: "k", Env: Sandbox}); err == nil {
		t.Error("a sandbox without its key was accepted")
	}
}

func TestPayParamsRefuses(t *testing.T) {
	c := client(t)
	good := Order{OutTradeNo: "A1234567", ProductID: "p", Price: 1000}
	for name, change := range map[string]func(*Order) (string, error){
		"session":     func(o *Order) (string, error) { return "", model.ErrConflict },
		"number":      func(o *Order) (string, error) { o.OutTradeNo = "_1234567"; return "k", model.ErrInvalid },
		"short":       func(o *Order) (string, error) { o.OutTradeNo = "A123456"; return "k", model.ErrInvalid },
		"goods":       func(o *Order) (string, error) { o.ProductID = ""; return "k", model.ErrInvalid },
		"free":        func(o *Order) (string, error) { o.Price = 0; return "k", model.ErrInvalid },
		"dearer":      func(o *Order) (string, error) { o.ActivityPrice = 1001; return "k", model.ErrInvalid },
		"below 40 %":  func(o *Order) (string, error) { o.ActivityPrice = 399; return "k", model.ErrConflict },
		"negative":    func(o *Order) (string, error) { o.ActivityPrice = -1; return "k", model.ErrInvalid },
		"exactly 40%": func(o *Order) (string, error) { o.ActivityPrice = 400; return "k", nil },
	} {
		o := good
		key, want := change(&o)
		if _, err := c.PayParams(key, o); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

func TestQueryStates(t *testing.T) {
	s, ctx := openShop(t, "android", true), context.Background()
	for status, want := range map[int]model.TradeState{0: "NOTPAY", 1: "NOTPAY", 2: "SUCCESS", 3: "SUCCESS", 4: "SUCCESS", 5: "REFUND", 6: "CLOSED", 7: "SUCCESS", 8: "REFUND"} {
		s.answers("query_order", `{"errcode":0,"order":{"order_id":"A1234567","status":`+string(rune('0'+status))+`,"order_fee":990,"paid_fee":900,"coupon_fee":90,"env_type":1,"paid_time":1764000000,"wxpay_order_id":"42"}}`)
		tr, err := s.Query(ctx, "o1", "A1234567")
		if err != nil || tr.TradeState != want || tr.Total != 990 || tr.PayerTotal != 900 || tr.AppID != s.wechat.Mini().AppID || tr.Payer != "o1" {
			t.Errorf("status %d: %+v, %v", status, tr, err)
		}
		if tr.Paid() != (tr.TransactionID == "42") || tr.Paid() != (tr.PaidAt != nil) {
			t.Errorf("status %d: number %q, time %v", status, tr.TransactionID, tr.PaidAt)
		}
	}
	for name, reply := range map[string]string{
		"none": `{}`, "other number": `{"order":{"order_id":"B1234567","status":2}}`, "unknown state": `{"order":{"order_id":"A1234567","status":9}}`,
		"negative": `{"order":{"order_id":"A1234567","status":2,"paid_fee":-1}}`, "text": `{"order":{"order_id":"A1234567","status":"2"}}`,
	} {
		s.answers("query_order", reply)
		if _, err := s.Query(ctx, "o1", "A1234567"); !model.OutcomeUnknown(err) || !errors.Is(err, model.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.answers("query_order", `{"order":{"order_id":"A1234567","status":2,"order_fee":990,"env_type":2}}`)
	if tr, err := s.Query(ctx, "o1", "A1234567"); err != nil || tr.AppID == s.wechat.Mini().AppID {
		t.Errorf("sandbox money fits a live order: %+v, %v", tr, err)
	}
}

func TestVerdicts(t *testing.T) {
	s := openShop(t, "android", true)
	for _, v := range []struct {
		code, said string
		kind       error
		unknown    bool
	}{
		{"268490002", "数据不存在", model.ErrNotFound, false},
		{"268490002", "invalid param", model.ErrInvalid, false},
		{"268490014", "", model.ErrUnavailable, true},
		{"268490016", "", model.ErrConflict, false},
		{"-1", "system error", model.ErrUnavailable, true},
	} {
		s.answers("query_order", `{"errcode":`+v.code+`,"errmsg":"`+v.said+`"}`)
		if _, err := s.Query(context.Background(), "o1", "A1234567"); !errors.Is(err, v.kind) || model.OutcomeUnknown(err) != v.unknown {
			t.Errorf("%s %s: %v", v.code, v.said, err)
		}
	}
	s.answers("refund_order", `{"errcode":268490004,"errmsg":"repeated"}`)
	if n, err := s.Client.Refund(context.Background(), Refund{OpenID: "o", OutTradeNo: "A1234567", OutRefundNo: "R1234567", Left: 9, Amount: 9}); err != nil || n.Status != model.RefundStatusProcessing {
		t.Errorf("a repeated refund: %+v, %v", n, err)
	}
	s.answers("notify_provide_goods", `{"errcode":268490004,"errmsg":"repeated"}`)
	if err := s.NotifyProvideGoods(context.Background(), "A1234567"); err != nil {
		t.Errorf("told twice: %v", err)
	}
}

func push(event string, fields ...string) model.Push {
	p := model.Push{Event: event, CreateTime: 1764000000, Raw: []byte("raw")}
	for i := 0; i < len(fields); i += 2 {
		p.Fields = append(p.Fields, model.PushField{Path: fields[i], Value: fields[i+1]})
	}
	return p
}

func TestPushes(t *testing.T) {
	c := client(t)
	for name, f := range map[string][]string{
		"as written": {"OpenId", "oU", "OutTradeNo", "C20260101000001", "Env", "0", "WeChatPayInfo.TransactionId", "42", "WeChatPayInfo.PaidTime", "1763999990",
			"GoodsInfo.ProductId", "course_1001", "GoodsInfo.Quantity", "1", "GoodsInfo.ActualPrice", "9900"},
		"other case": {"openid", "oU", "outTradeNo", "C20260101000001", "env", "0", "WechatPayInfo.TransactionId", "42", "WechatPayInfo.PaidTime", "1763999990",
			"goodsInfo.productId", "course_1001", "goodsInfo.quantity", "1", "goodsInfo.actualPrice", "9900"},
	} {
		got, err := c.ParsePush(push("xpay_goods_deliver_notify", f...))
		if err != nil || got.Transaction == nil {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		tr := got.Transaction
		if tr.Total != 9900 || tr.Payer != "oU" || tr.TransactionID != "42" || tr.AppID != "wxmini" || tr.ProductID != "course_1001" || !tr.Paid() || tr.PaidAt.Unix() != 1763999990 {
			t.Errorf("%s: %+v", name, tr)
		}
	}
	apple, err := c.ParsePush(push(EventDeliver, "OpenId", "oU", "OutTradeNo", "C20260101000001", "Env", "0", "GoodsInfo.ActualPrice", "9900"))
	if err != nil || apple.Transaction.TransactionID != "C20260101000001" || apple.Transaction.PaidAt.Unix() != 1764000000 {
		t.Errorf("apple: %+v, %v", apple.Transaction, err)
	}
	sand, err := c.ParsePush(push(EventDeliver, "OutTradeNo", "C20260101000001", "Env", "1", "GoodsInfo.ActualPrice", "9900"))
	if err != nil || sand.Transaction.AppID == "wxmini" {
		t.Errorf("sandbox: %+v, %v", sand.Transaction, err)
	}
	for name, f := range map[string][]string{
		"nothing": {}, "no price": {"OutTradeNo", "C20260101000001", "Env", "0"},
		"price": {"OutTradeNo", "C20260101000001", "GoodsInfo.ActualPrice", "1e3"}, "negative": {"OutTradeNo", "C1", "GoodsInfo.ActualPrice", "-1"},
		"huge": {"OutTradeNo", "C1", "GoodsInfo.ActualPrice", "9223372036854775808"}, "long number": {"OutTradeNo", strings.Repeat("9", 33), "GoodsInfo.ActualPrice", "1"},
	} {
		if _, err := c.ParsePush(push(EventDeliver, f...)); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	back, err := c.ParsePush(push(EventRefund, "OpenId", "oU", "WxRefundId", "R1", "MchRefundId", "RF20260101", "MchOrderId", "C1", "RefundFee", "9900", "RetCode", "0", "RefundSuccTimestamp", "1764000060"))
	if err != nil || back.Refund.Status != model.RefundStatusSuccess || back.Refund.Amount != 9900 || back.Refund.SucceededAt.Unix() != 1764000060 {
		t.Errorf("refund: %+v, %v", back.Refund, err)
	}
	bad, err := c.ParsePush(push(EventRefund, "MchOrderId", "C1", "RefundFee", "9900", "RetCode", "-1"))
	if err != nil || bad.Refund.Status != model.RefundStatusAbnormal || bad.Refund.SucceededAt != nil {
		t.Errorf("failed refund: %+v, %v", bad.Refund, err)
	}
	other, err := c.ParsePush(push("xpay_complaint_notify", "OpenId", "oU"))
	if err != nil || other.Transaction != nil || other.Refund != nil || other.Payer != "oU" {
		t.Errorf("unknown kind: %+v, %v", other, err)
	}
}

func TestPublishGoodsTellsWhatIsRefused(t *testing.T) {
	s := openShop(t, "android", true)
	s.answers("query_upload_goods", `{"errcode":0,"status":2,"upload_item":[{"id":"c1","upload_status":3,"errmsg":"图片无法下载"}]}`)
	err := s.PublishGoods(context.Background(), "c1", strings.Repeat("课", 30), 9900, "https://x/y.png")
	if !errors.Is(err, model.ErrInvalid) || !strings.Contains(err.Error(), "图片无法下载") {
		t.Errorf("err = %v", err)
	}
	s.answers("query_upload_goods", `{"errcode":0,"status":1}`)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if err := s.PublishGoods(ctx, "c2", "课", 9900, "https://x/y.png"); !errors.Is(err, model.ErrUnavailable) {
		t.Errorf("still running: %v", err)
	}
}

// The answer to Apple's question, in the format it was asked in; xpaytest reads it as WeChat does.
func TestAnswerAsk(t *testing.T) {
	if got := string(AnswerAsk(true, false, `不退 "x"`, "学完 3 课")); got != `{"ErrCode":0,"ErrMsg":"success","result_code":1,"result_info":"不退 \"x\"","evidence":"学完 3 课"}` {
		t.Error(got)
	}
	if got := string(AnswerAsk(false, true, "a<b", "")); got != `<xml><ErrCode>0</ErrCode><ErrMsg>success</ErrMsg><result_code>0</result_code><result_info>a&lt;b</result_info><evidence></evidence></xml>` {
		t.Error(got)
	}
	c := client(t)
	if p, err := c.ParsePush(push(EventAsk, "pay_order_id", "W1", "refund_time", "1764000000")); err != nil || p.Ask == nil || p.Ask.PayOrderID != "W1" || p.Ask.RefundTime != "1764000000" {
		t.Errorf("%+v %v", p, err)
	}
	if p, err := c.ParsePush(push(EventAsk, "refund_time", "1764000000")); !errors.Is(err, model.ErrInvalid) || p.Event != EventAsk {
		t.Errorf("a question about nothing: %+v %v", p, err)
	}
}
