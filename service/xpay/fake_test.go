package xpay

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
	"loudou/service/xpay/xpaytest"
)

// shop is virtual payment and a Mini Program at the fake WeChat, one person in it, and a callback that keeps the
// pushes it was told.
type shop struct {
	*Client
	wechat *wechattest.Fake
	xpay   *xpaytest.Fake
	person wechattest.Person
	pushes chan model.Push
}

func openShop(t *testing.T, platform string, json bool) *shop {
	t.Helper()
	s := &shop{pushes: make(chan model.Push, 16)}
	s.wechat = wechattest.New(wechattest.Options{}).Start(t)
	s.xpay = xpaytest.New(xpaytest.Options{WeChat: s.wechat, GoodsIn: 10 * time.Millisecond, RefundIn: 10 * time.Millisecond, RetryEvery: 20 * time.Millisecond}).Start(t)
	s.person = s.wechat.AddPerson(wechattest.Person{Platform: platform})
	a, x := s.wechat.Mini(), s.xpay.Options()
	api, err := wechat.New(wechat.Options{AppID: a.AppID, Secret: a.Secret, API: s.wechat.URL()})
	if err != nil {
		t.Fatal(err)
	}
	if s.Client, err = New(Options{AppID: a.AppID, OfferID: x.OfferID, AppKey: x.AppKey, Caller: api}); err != nil {
		t.Fatal(err)
	}
	receiver, err := wechat.NewReceiver(wechat.ReceiverOptions{AppID: a.AppID, Token: a.Token, AESKey: a.AESKey})
	if err != nil {
		t.Fatal(err)
	}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		env, err := receiver.Open(r.Context(), r.URL.RawQuery, body)
		if err != nil {
			t.Errorf("push refused: %v", err)
			w.WriteHeader(http.StatusForbidden)
			return
		}
		s.pushes <- env.Push
		_, _ = w.Write(receiver.SealAlways(env, Answer(env.Push.JSON)))
	}))
	t.Cleanup(hook.Close)
	s.wechat.SetMode(a.AppID, wechattest.Safe, json)
	s.wechat.SetHooks("", hook.URL+"/hook/mini")
	return s
}

// answers lets WeChat answer every call of name with body.
func (s *shop) answers(name, body string) {
	s.wechat.Fail("/xpay/"+name, wechattest.Fault{Status: http.StatusOK, Body: body})
}

func (s *shop) push(t *testing.T) Push {
	t.Helper()
	select {
	case raw := <-s.pushes:
		if !Is(raw) {
			t.Fatalf("a push of another kind: %s", raw.Event)
		}
		p, err := s.ParsePush(raw)
		if err != nil {
			t.Fatal(err)
		}
		return p
	case <-time.After(5 * time.Second):
		t.Fatal("no push came")
		return Push{}
	}
}

// buy orders, opens the sheet and pays.
func (s *shop) buy(t *testing.T, o Order) {
	t.Helper()
	p, err := s.PayParams(s.wechat.SessionKey(s.person.ID), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.xpay.Open(s.person.ID, xpaytest.Call(p)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.xpay.Pay(o.OutTradeNo, time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func TestGoodsOrderPushRefund(t *testing.T) {
	for _, json := range []bool{false, true} {
		s := openShop(t, "android", json)
		ctx := context.Background()
		s.wechat.LoginCode(s.person.ID)
		s.wechat.NewSessionKey(s.person.ID)
		if err := s.PublishGoods(ctx, "course_1", "课程<一>&", 9900, "https://x.example/c.png"); err != nil {
			t.Fatal(err)
		}
		if err := s.PublishGoods(ctx, "course_1", "课程<一>&", 9900, "https://x.example/c.png"); err != nil {
			t.Errorf("published again: %v", err)
		}
		person, _ := s.wechat.Person(s.person.ID)
		openid := model.OpenID(person.MiniOpenID)
		if _, err := s.Query(ctx, openid, "X1000001"); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("unknown order: %v", err)
		}
		o := Order{OutTradeNo: "X1000001", ProductID: "course_1", Price: 9900, ActivityPrice: 5000, Attach: "course=1&x=<y>"}
		s.buy(t, o)
		told := s.push(t)
		asked, err := s.Standing(ctx, openid, o.OutTradeNo)
		if err != nil {
			t.Fatal(err)
		}
		for from, tr := range map[string]model.Transaction{"push": *told.Transaction, "query": asked.Transaction} {
			if !tr.Paid() || tr.Total != 5000 || tr.Payer != openid || tr.AppID != s.wechat.Mini().AppID || tr.Currency != "CNY" || tr.PaidAt == nil {
				t.Errorf("json %v, %s: %+v", json, from, tr)
			}
		}
		if told.Transaction.TransactionID != asked.TransactionID || told.Transaction.ProductID != "course_1" {
			t.Errorf("push says %s, query %s", told.Transaction.TransactionID, asked.TransactionID)
		}
		if err := s.NotifyProvideGoods(ctx, o.OutTradeNo); err != nil {
			t.Errorf("delivered twice: %v", err)
		}
		r := Refund{OpenID: openid, OutTradeNo: o.OutTradeNo, OutRefundNo: "R1000001", Left: asked.Left, Amount: 1000}
		if _, err := s.QueryRefund(ctx, r); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("a refund that was never asked: %v", err)
		}
		wrong := r
		wrong.Left++
		if _, err := s.Client.Refund(ctx, wrong); model.CallCode(err) != "268490016" || !errors.Is(err, model.ErrConflict) {
			t.Errorf("wrong left_fee: %v", err)
		}
		n, err := s.Client.Refund(ctx, r)
		if err != nil || n.Status != model.RefundStatusProcessing {
			t.Fatalf("refund: %+v, %v", n, err)
		}
		if _, err := s.Client.Refund(ctx, r); err != nil {
			t.Errorf("asked again: %v", err)
		}
		back := s.push(t)
		if back.Refund == nil || back.Refund.Status != model.RefundStatusSuccess || back.Refund.OutRefundNo != r.OutRefundNo || back.Refund.Amount != 1000 || back.Refund.OutTradeNo != o.OutTradeNo {
			t.Errorf("refund push: %+v", back.Refund)
		}
		if _, err := s.Client.Refund(ctx, r); err != nil {
			t.Errorf("asked again when done: %v", err)
		}
		if n, err = s.QueryRefund(ctx, r); err != nil || n.Status != model.RefundStatusSuccess || n.Amount != 1000 {
			t.Errorf("asked about: %+v, %v", n, err)
		}
		if now, err := s.Standing(ctx, openid, o.OutTradeNo); err != nil || now.Left != 4000 || now.Refunded != 1000 {
			t.Errorf("left: %+v, %v", now, err)
		}
		s.xpay.NextRefunds(1)
		failed := Refund{OpenID: openid, OutTradeNo: o.OutTradeNo, OutRefundNo: "R1000002", Left: 4000, Amount: 4000}
		if _, err := s.Client.Refund(ctx, failed); err != nil {
			t.Fatal(err)
		}
		if back = s.push(t); back.Refund.Status != model.RefundStatusAbnormal {
			t.Errorf("failed refund push: %+v", back.Refund)
		}
		if n, err = s.QueryRefund(ctx, failed); err != nil || n.Status != model.RefundStatusAbnormal {
			t.Errorf("failed refund: %+v, %v", n, err)
		}
	}
}

func TestApple(t *testing.T) {
	s := openShop(t, "ios", true)
	ctx := context.Background()
	s.wechat.NewSessionKey(s.person.ID)
	s.xpay.Sell("course_1", "课程", 9900)
	s.buy(t, Order{OutTradeNo: "X1000001", ProductID: "course_1", Price: 9900})
	told := s.push(t)
	asked, err := s.Standing(ctx, told.Payer, "X1000001")
	if err != nil || asked.TransactionID == "" || asked.TransactionID != told.Transaction.TransactionID {
		t.Errorf("push %+v, query %+v, %v", told.Transaction, asked, err)
	}
	_, err = s.Client.Refund(ctx, Refund{OpenID: told.Payer, OutTradeNo: "X1000001", OutRefundNo: "R1000001", Left: 9900, Amount: 9900})
	if !errors.Is(err, model.ErrConflict) || model.OutcomeUnknown(err) {
		t.Errorf("an iOS order was refunded: %v", err)
	}
}

func TestSessionKeyChangedMeanwhile(t *testing.T) {
	s := openShop(t, "android", true)
	s.wechat.NewSessionKey(s.person.ID)
	s.xpay.Sell("course_1", "课程", 9900)
	p, err := s.PayParams(s.wechat.SessionKey(s.person.ID), Order{OutTradeNo: "X1000001", ProductID: "course_1", Price: 9900})
	if err != nil {
		t.Fatal(err)
	}
	s.wechat.NewSessionKey(s.person.ID)
	if _, err := s.xpay.Open(s.person.ID, xpaytest.Call(p)); err == nil {
		t.Error("a signature with yesterday's session_key was accepted")
	}
}

// TestCanary: neither AppKey nor token nor signature in an error.
func TestCanary(t *testing.T) {
	s := openShop(t, "android", true)
	ctx := context.Background()
	for i, fault := range []wechattest.Fault{{Drop: true}, {Status: 502}, {Status: 200, Body: "<html>"}, {Status: 200, Body: `{"errcode":268490003,"errmsg":"签名错误"}`}, wechattest.ErrCode(40001)} {
		s.wechat.Fail("/xpay/", fault)
		s.wechat.Fail("/xpay/query_order", fault)
		_, err := s.Query(ctx, "o123456", "X1000001")
		if err == nil {
			t.Fatalf("fault %d: no error", i)
		}
		for _, secret := range []string{s.xpay.Options().AppKey, s.wechat.Mini().Secret, "pay_sig", "access_token="} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("fault %d: %v", i, err)
			}
		}
		s.wechat.Heal()
	}
}
